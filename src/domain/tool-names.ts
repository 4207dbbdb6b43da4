/**
 * The tools, each with the permission that an agent needs for it; several tools may share one. `src/deps.ts` has one tool
 * for each name.
 */
export const permissionsOfTools = {
  search: "search",
  file_read: "file_read",
  file_search: "file_read",
} as const satisfies Record<string, string>;

export type ToolName = keyof typeof permissionsOfTools;
export type ToolPermission = (typeof permissionsOfTools)[ToolName];

/** The permissions that an agent can have. */
export const toolPermissionNames: readonly ToolPermission[] = [...new Set(Object.values(permissionsOfTools))];

export function isToolPermission(value: unknown): value is ToolPermission {
  return toolPermissionNames.some((name) => name === value);
}

/** The permission that a tool needs; undefined: there is no such tool. */
export function permissionOf(toolName: string): ToolPermission | undefined {
  return Object.hasOwn(permissionsOfTools, toolName) ? permissionsOfTools[toolName as ToolName] : undefined;
}
