import { loadSession, type SessionRow } from "../db/rooms/sessions.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

export async function readSession(deps: Deps, user: User, sessionId: string): Promise<SessionRow> {
  const session = await loadSession(deps.db, user.userId, sessionId);
  if (session === undefined) throw notFound();
  return session;
}
