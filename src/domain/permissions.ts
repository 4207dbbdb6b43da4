import { isToolName, type ToolName } from "./tool-names.ts";

/** Reads stored permissions. Whatever is not a list of known tool names counts as none at all. */
export function readPermissions(stored: unknown): ToolName[] {
  if (!Array.isArray(stored) || !stored.every(isToolName)) return [];
  return [...new Set(stored)];
}
