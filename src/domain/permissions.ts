import { isToolName, type ToolName } from "./tool-names.ts";

/** Reads stored permissions. Anything other than a list of known tool names counts as no permission. */
export function readPermissions(stored: unknown): ToolName[] {
  if (!Array.isArray(stored) || !stored.every(isToolName)) return [];
  return [...new Set(stored)];
}
