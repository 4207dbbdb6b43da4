import type { Page, PageRequest } from "../db/core/page.ts";
import { type AgentRow, loadAgents } from "../db/rooms/room-agents.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

/** The room's agents by position. */
export async function listAgents(
  deps: Deps,
  user: User,
  roomId: string,
  page: PageRequest,
): Promise<Page<AgentRow>> {
  const found = await loadAgents(deps.db, { roomId, userId: user.userId }, page);
  if (found === undefined) throw notFound();
  return found;
}
