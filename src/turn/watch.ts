import { type LatestMessage, loadLatestMessages } from "../db/turn/latest-messages.ts";
import type { StoredTurn } from "../db/turn/stored-turn.ts";
import { loadTurnState, type TurnState } from "../db/turn/turn-state.ts";
import type { Deps } from "../deps.ts";
import { endedEntryError } from "../domain/turn/queued-turn.ts";
import { askForEvents, notReached } from "./join.ts";
import { loadStoredTurn } from "./open.ts";
import { recoverRun } from "./recover.ts";
import type { Requester } from "./run.ts";
import type { EventPlace } from "./session-host.ts";
import { watchQueued } from "./wait-for-start.ts";

export type TurnEvents =
  | { kind: "streaming"; body: ReadableStream<Uint8Array> }
  /** The reader has the last event. */
  | { kind: "complete" }
  /** No host has the events any more. The reader gets events that are made from the stored turn. */
  | { kind: "stored"; runId: string; stored: StoredTurn; messages: LatestMessage[] };

type Watcher = Requester & { turnId: string; after: EventPlace | null };

const maxTries = 3;

/**
 * The events of a turn's latest run, from the reader's place on.
 * @throws PantheonError `not_found`; the problem of a turn that waited and was refused; `turn_in_progress` where the run's host is not reached; `too_many_readers`.
 */
export async function watchTurn(deps: Deps, watcher: Watcher): Promise<TurnEvents> {
  const { sessionId, user, turnId, after, log } = watcher;
  const scope = { sessionId, userId: user.userId };
  for (let tries = 1; ; tries += 1) {
    const state = await loadTurnState(deps.db, scope, turnId);
    if (state.kind === "ended") throw endedEntryError(state);
    if (state.kind === "queued") {
      return { kind: "streaming", body: await watchQueued(deps, watcher, state.runId, null) };
    }
    if (isAtEnd(state, after)) return { kind: "complete" };
    const isLive = state.kind === "live";
    const events = await askForEvents(deps, watcher, state.runId, { after, client: null, isLive });
    if (events?.kind === "streaming" || events?.kind === "complete") return events;
    if (state.kind === "stored") return loadStoredEvents(deps, watcher, state.runId);
    if (state.leaseLeftMs > 0 || tries === maxTries) throw notReached(state);
    await recoverRun(deps, { sessionId, runId: state.runId }, log);
  }
}

/** Whether the reader has the end that was made from the database. */
function isAtEnd(state: TurnState, after: EventPlace | null): boolean {
  return state.kind === "stored" && after?.epoch === state.runId && after.seq === "end";
}

async function loadStoredEvents(deps: Deps, watcher: Watcher, runId: string): Promise<TurnEvents> {
  const { sessionId, user, turnId } = watcher;
  const [stored, messages] = await Promise.all([
    loadStoredTurn(deps, watcher, turnId),
    loadLatestMessages(deps.db, { sessionId, userId: user.userId }),
  ]);
  return { kind: "stored", runId, stored, messages };
}
