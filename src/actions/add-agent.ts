import { insertAgent } from "../db/rooms/agent-roster.ts";
import type { AgentRow } from "../db/rooms/room-agents.ts";
import type { Deps } from "../deps.ts";
import { roomCapacity } from "../domain/agent-key.ts";
import { requireKnownModel } from "../domain/catalog.ts";
import { PantheonError } from "../domain/errors.ts";
import { requireAllowedSettings } from "../domain/model-settings.ts";
import type { NewAgent } from "../domain/new-agent.ts";
import { requireKnownPermissions } from "../domain/permissions.ts";
import type { User } from "../domain/user.ts";

/**
 * @throws PantheonError `unknown_model`, `unknown_tool`, `validation_failed`, `not_found`, `room_full`,
 * `agent_key_taken` or `agent_name_taken`.
 */
export async function addAgent(deps: Deps, user: User, roomId: string, agent: NewAgent): Promise<AgentRow> {
  requireKnownModel(deps.catalog, agent.modelAlias);
  requireAllowedSettings(agent.modelSettings, deps.settings.context.maxOutputTokens);
  const row = {
    ...agent,
    id: deps.newId(),
    toolPermissions: requireKnownPermissions(agent.toolPermissions),
    position: Math.min(agent.position ?? roomCapacity, roomCapacity),
  };
  const room = { roomId, userId: user.userId };
  const added = await insertAgent(deps.db, room, row, roomCapacity, deps.now());
  if (added === undefined) {
    throw new PantheonError("room_full", `A room has ${roomCapacity} agents at most.`);
  }
  return added;
}
