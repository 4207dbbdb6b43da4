import type { Page } from "../db/core/page.ts";
import { loadTranscript, type TranscriptRequest } from "../db/rooms/messages.ts";
import type { MessageRow } from "../db/turn/stored-turn.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

/** The session's shared messages, oldest first; what a retry replaced is left out unless asked for. */
export async function readTranscript(
  deps: Deps,
  user: User,
  sessionId: string,
  page: TranscriptRequest,
): Promise<Page<MessageRow>> {
  const found = await loadTranscript(deps.db, { sessionId, userId: user.userId }, page);
  if (found === undefined) throw notFound();
  return found;
}
