import { insertSession, type SessionRow } from "../db/rooms/sessions.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

export async function startSession(deps: Deps, user: User, roomId: string): Promise<SessionRow> {
  const of = { roomId, userId: user.userId };
  const session = await insertSession(deps.db, of, deps.newId(), deps.now());
  if (session === undefined) throw notFound();
  return session;
}
