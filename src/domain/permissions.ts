import { PantheonError } from "./errors.ts";
import { isToolPermission, permissionOf, type ToolPermission, toolPermissionNames } from "./tool-names.ts";

/** Reads stored permissions. Anything other than a list of known permissions counts as no permission. */
export function readPermissions(stored: unknown): ToolPermission[] {
  if (!Array.isArray(stored) || !stored.every(isToolPermission)) return [];
  return [...new Set(stored)];
}

/** Whether an agent with these permissions may use the tool. */
export function mayUse(permissions: readonly string[], toolName: string): boolean {
  const needed = permissionOf(toolName);
  return needed !== undefined && permissions.includes(needed);
}

/**
 * Gives the permissions each once, in the order of their first mention.
 * @throws PantheonError `unknown_tool` where one is not known.
 */
export function requireKnownPermissions(names: readonly string[]): ToolPermission[] {
  const unknown = names.find((name) => !isToolPermission(name));
  if (unknown !== undefined) {
    const known = toolPermissionNames.join(", ");
    throw new PantheonError("unknown_tool", `There is no permission '${unknown}'; known: ${known}.`);
  }
  return [...new Set(names.filter(isToolPermission))];
}
