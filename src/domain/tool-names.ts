import { PantheonError } from "./errors.ts";

/** The tools an agent can be permitted to use. The name `file_read` is reserved for a later one. */
export const knownTools = [
  { name: "search", description: "Searches the web and gives up to five results: title, URL and snippet." },
] as const;

export type ToolName = (typeof knownTools)[number]["name"];

export function isToolName(value: unknown): value is ToolName {
  return knownTools.some(({ name }) => name === value);
}

/**
 * Gives the names each once, in the order of their first mention.
 * @throws PantheonError `unknown_tool` where one is not known.
 */
export function requireKnownTools(names: readonly string[]): ToolName[] {
  const unknown = names.find((name) => !isToolName(name));
  if (unknown !== undefined) {
    const known = knownTools.map(({ name }) => name).join(", ");
    throw new PantheonError("unknown_tool", `There is no tool '${unknown}'; known: ${known}.`);
  }
  return [...new Set(names.filter(isToolName))];
}
