import { PantheonError } from "./errors.ts";

/** The tools that an agent can be permitted to use. `src/deps.ts` has one tool for each name. */
export const toolNames = ["search"] as const;

export type ToolName = (typeof toolNames)[number];

export function isToolName(value: unknown): value is ToolName {
  return toolNames.some((name) => name === value);
}

/**
 * Gives the names each once, in the order of their first mention.
 * @throws PantheonError `unknown_tool` where one is not known.
 */
export function requireKnownTools(names: readonly string[]): ToolName[] {
  const unknown = names.find((name) => !isToolName(name));
  if (unknown !== undefined) {
    const known = toolNames.join(", ");
    throw new PantheonError("unknown_tool", `There is no tool '${unknown}'; known: ${known}.`);
  }
  return [...new Set(names.filter(isToolName))];
}
