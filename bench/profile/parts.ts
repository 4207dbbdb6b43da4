/** The parts of the system. A module belongs to the first part that has a beginning of the module's path. */
const parts: readonly [name: string, beginnings: readonly string[]][] = [
  ["model calls, and reading their streams", ["src/runtime/model/", "node_modules/eventsource-parser/"]],
  ["LangGraph", ["node_modules/@langchain/", "node_modules/p-queue/", "node_modules/eventemitter3/"]],
  ["the run's graph: nodes, state, checkpoints", ["src/runtime/"]],
  ["SQL: statements and rows", ["src/db/", "node_modules/drizzle-orm/"]],
  ["the Neon driver", ["node_modules/@neondatabase/"]],
  ["plans, contexts, prompts, tokens", ["src/domain/"]],
  [
    "HTTP: routes, tokens, validation, answers",
    [
      "src/http/",
      "src/routes/",
      "node_modules/hono/",
      "node_modules/@hono/",
      "node_modules/zod/",
      "node_modules/jose/",
      "node_modules/@ag-ui/",
    ],
  ],
  ["the life of a run", ["src/turn/", "src/actions/"]],
];

/** What belongs to none of them. */
export const otherPart = "other modules";

export function partOfModule(module: string): string {
  const found = parts.find(([, beginnings]) => beginnings.some((beginning) => module.startsWith(beginning)));
  return found?.[0] ?? otherPart;
}

/** For each line of an unminified bundle, from 0: the module that it comes from; null before the first. */
export function readModules(bundle: string): (string | null)[] {
  let module: string | null = null;
  return bundle.split("\n").map((line) => {
    module = /^\/\/ ((?:src|node_modules)\/\S+)$/.exec(line)?.[1] ?? module;
    return module;
  });
}
