import { dropComments, type Import, readImports } from "./read-imports.ts";

/** A file of the repository: `path` from its root, with slashes. */
export type SourceFile = { path: string; text: string };

type Layer = {
  /** Parts of src that may be imported, and those of which only types may be. */
  values: readonly string[];
  types?: readonly string[];
  /** Packages, with all below them (`hono` is also `hono/cors`). */
  packages?: readonly string[];
};

/** Who may import what, as docs/architecture.md has it. What is not named here is not allowed. */
export const layers: Readonly<Record<string, Layer>> = {
  domain: { values: ["domain"] },
  db: { values: ["db", "domain"], packages: ["drizzle-orm", "@neondatabase/serverless", "uuid"] },
  tools: { values: ["tools", "domain"] },
  runtime: {
    values: ["runtime", "domain"],
    packages: [
      "eventsource-parser",
      "@langchain/langgraph",
      "@langchain/langgraph-checkpoint",
      "@langchain/core",
      "p-limit",
    ],
  },
  actions: { values: ["actions", "db", "domain"], types: ["deps"] },
  turn: { values: ["turn", "db", "domain"], types: ["deps"] },
  http: {
    values: ["http", "domain"],
    packages: ["hono", "@hono/zod-openapi", "zod", "jose", "@ag-ui/core"],
  },
  routes: {
    values: ["routes", "http", "actions", "turn", "db", "domain"],
    types: ["deps"],
    packages: ["hono", "@hono/zod-openapi", "zod", "@ag-ui/core"],
  },
  live: {
    values: ["live", "routes", "http", "turn", "db", "domain"],
    types: ["deps"],
    packages: ["cloudflare:workers", "@ag-ui/core"],
  },
  storage: { values: ["domain"] },
  parse: {
    values: ["parse", "config", "db", "domain", "http", "storage"],
    packages: [
      "@embedpdf/pdfium",
      "@e965/xlsx",
      "chardet",
      "fflate",
      "htmlparser2",
      "papaparse",
      "cloudflare:workers",
      "zod",
    ],
  },
  config: { values: ["config", "domain"], packages: ["zod", "uuid"] },
  deps: {
    values: ["db", "domain", "http", "runtime", "storage", "tools"],
    types: ["config", "turn"],
    packages: ["cloudflare:workers", "uuid"],
  },
  app: { values: ["http", "routes"], types: ["deps"], packages: ["hono", "@hono/zod-openapi"] },
  index: {
    values: ["app", "actions", "live", "turn", "domain", "config", "deps"],
    packages: ["cloudflare:workers"],
  },
};

/** Imports of one file of src that its layer does not have. */
export function findForbiddenImports({ path, text }: SourceFile): string[] {
  const layer = layers[layerOf(path)];
  if (layer === undefined) return [`${path}: '${layerOf(path)}' is no part of src that is known`];
  return readImports(text)
    .filter((imported) => !isAllowed(layer, path, imported))
    .map(({ from, isTypeOnly }) => `${path}: ${isTypeOnly ? "types from" : "imports"} '${from}'`);
}

function isAllowed(layer: Layer, path: string, { from, isTypeOnly }: Import): boolean {
  if (!from.startsWith(".")) {
    return (layer.packages ?? []).some((name) => from === name || from.startsWith(`${name}/`));
  }
  if (!from.endsWith(".ts")) return false;
  const imported = resolvePath(path, from);
  const target = layerOf(imported);
  // Only the database has tables as values: with a table one can build SQL that lacks the ownership checks.
  if (imported === "src/db/schema.ts" && !isTypeOnly) return layerOf(path) === "db";
  return layer.values.includes(target) || (isTypeOnly && (layer.types ?? []).includes(target));
}

/** Packages of the console, and those of which it takes types only. */
const consolePackages = {
  values: [
    "preact",
    "eventsource-parser",
    "oauth4webapi",
    "mdast-util-from-markdown",
    "mdast-util-gfm",
    "uplot",
    "micromark-extension-gfm",
  ],
  types: ["zod", "@ag-ui/core", "mdast"],
} as const;

/** The console takes the pure rules of `src/domain`, and the types of the wire forms; of the server nothing else. */
export function findForbiddenConsoleImports({ path, text }: SourceFile): string[] {
  const { values, types } = consolePackages;
  const isAllowedHere = ({ from, isTypeOnly }: Import): boolean => {
    if (!from.startsWith(".")) {
      const isOf = (name: string) => from === name || from.startsWith(`${name}/`);
      return values.some(isOf) || (isTypeOnly && types.some(isOf));
    }
    const imported = resolvePath(path, from);
    if (imported.startsWith("console/src/")) return true;
    if (imported.startsWith("src/domain/")) return true;
    return isTypeOnly && imported.startsWith("src/routes/schemas/");
  };
  return readImports(text)
    .filter((imported) => !isAllowedHere(imported))
    .map(({ from, isTypeOnly }) => `${path}: ${isTypeOnly ? "types from" : "imports"} '${from}'`);
}

/** `src/http/auth.ts` is of `http`, `src/app.ts` of `app`; what is outside src is of none. */
function layerOf(path: string): string {
  const [root, part = ""] = path.split("/");
  return root === "src" ? part.replace(/\.ts$/, "") : "outside";
}

export function resolvePath(path: string, relative: string): string {
  return new URL(relative, `file:///${path}`).pathname.slice(1);
}

/** Where the world comes in, and why there. Everything else is given clock, ids and network as arguments. */
const ambientFiles: Readonly<Record<string, string>> = {
  "src/deps.ts": "makes the ports: clock, ids, digest",
  "src/runtime/model/http-attempts.ts": "is the port to model providers",
  "src/tools/tavily/send-search.ts": "is the port to Tavily",
};

const ambientGlobals = [
  /\bDate\.now\s*\(/,
  /\bnew Date\s*\(\s*\)/,
  /\bperformance\.now\s*\(/,
  /\bMath\.random\s*\(/,
  /\bcrypto\.(randomUUID|getRandomValues)\b/,
  /(?<![.\w])(?:globalThis\.)?fetch\s*\(/,
  /(?<![.\w])uuidv?[47]\s*\(\s*\)/,
];

/** Clocks, randomness and network outside the files that are the way to them. */
export function findAmbientGlobals({ path, text }: SourceFile): string[] {
  if (path in ambientFiles) return [];
  const code = dropComments(text);
  return ambientGlobals.flatMap((call) =>
    (call.exec(code) ?? []).slice(0, 1).map((found) => `${path}: ${found}`),
  );
}

export const listedAmbientFiles = Object.keys(ambientFiles);

/** Words that say nothing where they are what a thing is: `room-data` does not, `data-dir-lock` does. */
const emptyWords = /(^|-)(utils?|helpers?|services?|managers?|data|info)$/;

/** Names that say nothing, and names that are not kebab-case. */
export function findBadNames(path: string): string[] {
  const parts = path.replace(/(\.test|\.d|\.config)?\.ts$/, "").split("/");
  return parts
    .filter((part) => emptyWords.test(part) || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part))
    .map((part) => `${path}: '${part}'`);
}

/** An action's file exports the verb and noun that it is called by. */
export function findMisnamedAction({ path, text }: SourceFile): string[] {
  const name = (path.split("/").at(-1) ?? "")
    .replace(/\.ts$/, "")
    .replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  return new RegExp(`^export (async )?function ${name}\\b`, "m").test(text) ? [] : [`${path}: no ${name}`];
}

/** A file that only hands on what others export, and default exports outside the Worker's entry. */
export function findBarrels({ path, text }: SourceFile): string[] {
  const code = dropComments(text);
  const statements = code.split(";").flatMap((statement) => statement.trim() || []);
  const isBarrel = statements.every((statement) => /^export[\s\S]*from\s*["'][^"']+["']$/.test(statement));
  const hasDefault =
    /^export default\b/m.test(code) && !["src/index.ts", "src/parse/index.ts"].includes(path);
  return [
    ...(isBarrel ? [`${path}: hands on only`] : []),
    ...(hasDefault ? [`${path}: default export`] : []),
  ];
}

/** Paths of the repository that a document names. Patterns and placeholders name none. */
export function findNamedPaths({ path, text }: SourceFile): string[] {
  const named = text.matchAll(/(?<![\w./-])((?:src|test|dev|docs|drizzle|bench|\.ci)\/[\w./*<>…{}-]*)/g);
  const linked = text.matchAll(/\]\((?!\w+:|#|\/)([^)#\s]+)[^)]*\)/g);
  const paths = [
    ...[...named].map(([, name = ""]) => name),
    ...[...linked].map(([, link = ""]) => resolvePath(path, link)),
  ];
  return paths.map((name) => name.replace(/[./]+$/, "")).filter((name) => !/[*<>…{}]/.test(name));
}
