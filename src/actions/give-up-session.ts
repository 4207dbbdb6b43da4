import { deleteUnusedSession } from "../db/rooms/sessions.ts";
import type { Deps } from "../deps.ts";

/**
 * Takes back a session that was started for a message which was refused: its client never hears of it. Throws the refusal,
 * also where the session stays.
 */
export async function giveUpSession(
  { db, now }: Deps,
  { sessionId, user }: { sessionId: string; user: { userId: string } },
  refusal: unknown,
): Promise<never> {
  await deleteUnusedSession(db, user.userId, sessionId, now()).catch(() => undefined);
  throw refusal;
}
