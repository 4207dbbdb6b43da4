import { softDeleteSession } from "../db/rooms/sessions.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

/** Soft delete: gone from every read at once; a running turn still commits. */
export async function deleteSession(deps: Deps, user: User, sessionId: string): Promise<void> {
  if (!(await softDeleteSession(deps.db, user.userId, sessionId, deps.now()))) throw notFound();
}
