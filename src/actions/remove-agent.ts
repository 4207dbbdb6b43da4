import { deleteAgent } from "../db/rooms/agent-roster.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

/** The agents behind it move up; a running turn keeps the roster it began with. */
export async function removeAgent(deps: Deps, user: User, roomId: string, agentKey: string): Promise<void> {
  const of = { roomId, userId: user.userId };
  if (!(await deleteAgent(deps.db, of, agentKey, deps.now()))) throw notFound();
}
