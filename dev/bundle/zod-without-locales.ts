// Replaces the package `zod` in the Worker (wrangler.toml): the parts of it that are used here and in libraries. Of the
// package, `import { z }` in a library would keep everything, with messages in 50 languages: 55 KiB gzipped.

export * from "../../node_modules/zod/v4/classic/checks.js";
export * as coerce from "../../node_modules/zod/v4/classic/coerce.js";
export * from "../../node_modules/zod/v4/classic/errors.js";
export * as iso from "../../node_modules/zod/v4/classic/iso.js";
export * from "../../node_modules/zod/v4/classic/parse.js";
export * from "../../node_modules/zod/v4/classic/schemas.js";
export { globalRegistry, NEVER, registry } from "../../node_modules/zod/v4/core/index.js";
export * as z from "./zod-without-locales.ts";
