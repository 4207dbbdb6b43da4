import { deleteUnusedSession } from "../db/rooms/sessions.ts";
import type { Deps } from "../deps.ts";
import { nameOfError } from "../domain/error-name.ts";
import type { Log } from "../domain/log.ts";

/**
 * Takes back a session that was started for a message which was refused: its client never hears of it. Throws the refusal,
 * also where the session stays.
 */
export async function giveUpSession(
  { db, now }: Deps,
  { sessionId, user, log }: { sessionId: string; user: { userId: string }; log: Log },
  refusal: unknown,
): Promise<never> {
  try {
    await deleteUnusedSession(db, user.userId, sessionId, now());
  } catch (error) {
    log.warn("unused_session_left", { session_id: sessionId, error: nameOfError(error) });
  }
  throw refusal;
}
