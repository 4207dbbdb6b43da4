import { insertSession, loadSession } from "../db/rooms/sessions.ts";
import {
  type ChatBeginning,
  findChatSession,
  findRecentRequest,
  type KnownRequest,
} from "../db/turn/chat-sessions.ts";
import type { Deps } from "../deps.ts";
import { notFound, PantheonError } from "../domain/errors.ts";

/** A request of a client that names no session: it sends its whole conversation each time. */
export type ChatRequest = {
  roomId: string;
  userId: string;
  /** The session, where the client does name it. */
  sessionId: string | undefined;
  /** Null: nothing was answered before. */
  beginning: ChatBeginning | null;
  /** Equal for requests with the same messages. */
  messagesHash: string;
  /** The client sends the request again, since it had no answer. */
  isRepeat: boolean;
};

/** How long a request that is sent again is given the answer of the first. */
const repeatMinutes = 10;

/** Where the request's turn runs, its key, and whether the session was started for it. */
type ChosenSession = KnownRequest & { isNew: boolean };

/**
 * The session in which the request's turn runs, and its key. A repeat has the session and the key of the first request.
 * @throws PantheonError `not_found` where the room or the session is not the user's.
 */
export async function chooseChatSession(deps: Deps, request: ChatRequest): Promise<ChosenSession> {
  const { db } = deps;
  const keyPrefix = `openai:${request.messagesHash}:`;
  if (request.isRepeat) {
    const known = await findRecentRequest(db, request, { keyPrefix, minutes: repeatMinutes });
    if (known !== undefined) return { ...known, isNew: false };
  }
  const idempotencyKey = keyPrefix + deps.newId();
  return { ...(await chooseSession(deps, request)), idempotencyKey };
}

async function chooseSession(deps: Deps, request: ChatRequest) {
  const { db, newId, now } = deps;
  const { sessionId, userId, roomId, beginning } = request;
  if (sessionId !== undefined) {
    const session = await loadSession(db, userId, sessionId);
    if (session.roomId !== roomId.toLowerCase()) throw notFound();
    return { sessionId: session.id, isNew: false };
  }
  if (beginning === null) {
    const started = await insertSession(db, request, { id: newId(), title: null }, now());
    return { sessionId: started.id, isNew: true };
  }
  const found = await findChatSession(db, request, beginning);
  if (found !== undefined) return { sessionId: found, isNew: false };
  const detail =
    "No session of this room begins like these messages. Send 'metadata.session_id', or start a new conversation.";
  throw new PantheonError("not_found", detail);
}
