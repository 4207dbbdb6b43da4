import { env } from "cloudflare:workers";
import { createApp } from "./app.ts";
import { parseConfig } from "./config.ts";
import { createDeps } from "./deps.ts";

// At start, not at the first request: a Worker with a bad setting refuses to start, and says which.
const app = createApp(createDeps(parseConfig({ ...env })));

export default { fetch: app.fetch };
