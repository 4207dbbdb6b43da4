import type { Deps } from "../deps.ts";
import type { StockClient } from "../domain/turn/stream-client.ts";
import { callHost, readHostAnswer, unfinishedTurn } from "./hand-over.ts";
import { callForEvents } from "./join.ts";
import type { Requester, TurnAnswer } from "./run.ts";

// A turn that waits in the queue has the id of its first run.

/** Waits until a queued turn has started and is stored. @throws PantheonError as its run ends, or `turn_in_progress`. */
export async function joinQueued(deps: Deps, requester: Requester, turnId: string): Promise<TurnAnswer> {
  const waiting = { ...scopeOf(requester), turnId };
  const answer = await callHost(deps, requester, turnId, (host) => host.joinQueued(waiting));
  if (answer === null || answer.kind === "unknown") throw unfinishedTurn(deps, turnId);
  return readHostAnswer(deps, { requester, runId: turnId, turnId }, answer);
}

/**
 * The events of a queued turn: comments until it starts.
 * @throws PantheonError `turn_in_progress` or `too_many_readers`.
 */
export async function watchQueued(
  deps: Deps,
  requester: Requester,
  turnId: string,
  client: StockClient | null,
): Promise<ReadableStream<Uint8Array>> {
  const { requestId } = requester;
  const waiting = { ...scopeOf(requester), turnId, client, requestId };
  const events = await callForEvents(deps, requester, turnId, (host) => host.watchQueued(waiting));
  if (events?.kind !== "streaming") throw unfinishedTurn(deps, turnId);
  return events.body;
}

function scopeOf({ sessionId, user }: Requester) {
  return { sessionId: sessionId.toLowerCase(), userId: user.userId };
}
