import { type AgentChange, type AgentRow, updateAgent } from "../db/rooms/room-agents.ts";
import type { Deps } from "../deps.ts";
import { requireKnownModel } from "../domain/catalog.ts";
import { requireAllowedSettings } from "../domain/model-settings.ts";
import { requireKnownPermissions } from "../domain/permissions.ts";
import type { User } from "../domain/user.ts";

/** @throws PantheonError `unknown_model`, `unknown_tool`, `validation_failed` or `not_found`. */
export async function changeAgent(
  deps: Deps,
  user: User,
  { roomId, agentKey }: { roomId: string; agentKey: string },
  change: AgentChange,
): Promise<AgentRow> {
  requireKnownModel(deps.catalog, change.modelAlias);
  requireAllowedSettings(change.modelSettings, deps.settings.context.maxOutputTokens);
  const { toolPermissions } = change;
  return updateAgent(
    deps.db,
    { roomId, userId: user.userId },
    agentKey,
    { ...change, ...(toolPermissions && { toolPermissions: requireKnownPermissions(toolPermissions) }) },
    deps.now(),
  );
}
