import { type AgentRow, loadAgent } from "../db/rooms/room-agents.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

export async function readAgent(deps: Deps, user: User, roomId: string, agentKey: string): Promise<AgentRow> {
  const agent = await loadAgent(deps.db, { roomId, userId: user.userId }, agentKey);
  if (agent === undefined) throw notFound();
  return agent;
}
