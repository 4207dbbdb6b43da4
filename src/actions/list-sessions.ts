import type { Page, PageRequest } from "../db/core/page.ts";
import { loadSessions, type SessionRow } from "../db/rooms/sessions.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

/** The room's active sessions, oldest first. */
export async function listSessions(
  deps: Deps,
  user: User,
  roomId: string,
  page: PageRequest,
): Promise<Page<SessionRow>> {
  const found = await loadSessions(deps.db, { roomId, userId: user.userId }, page);
  if (found === undefined) throw notFound();
  return found;
}
