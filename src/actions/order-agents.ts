import { updateAgentOrder } from "../db/rooms/agent-roster.ts";
import type { AgentRow } from "../db/rooms/room-agents.ts";
import type { Deps } from "../deps.ts";
import { notFound, PantheonError } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

/** Puts the whole roster into a new order. @throws PantheonError `agent_order_mismatch`. */
export async function orderAgents(
  deps: Deps,
  user: User,
  roomId: string,
  agentKeys: readonly string[],
): Promise<AgentRow[]> {
  const of = { roomId, userId: user.userId };
  const ordered = await updateAgentOrder(deps.db, of, agentKeys, deps.now());
  if (!ordered.roomFound) throw notFound();
  if (!ordered.isWholeRoster) {
    throw new PantheonError("agent_order_mismatch", "'agent_keys' must name every agent of the room once.");
  }
  return ordered.agents;
}
