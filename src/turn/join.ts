import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import { busySession } from "../domain/turn/open-decision.ts";
import type { StockClient } from "../domain/turn/stream-client.ts";
import { callHost, readHostAnswer } from "./hand-over.ts";
import type { Requester, TurnAnswer } from "./run.ts";
import { type EventPlace, type HostStream, maxReaders, type SessionHost } from "./session-host.ts";

/** A run that another request has started, and how long its lease lasts. */
export type LiveRun = { runId: string; turnId: string; leaseLeftMs: number };

/** How long a join waits for the run's start: a request under the same key may come before the hand-over. */
const startWaitMs = 5_000;

/**
 * Waits for the turn of a run that the session's host executes.
 * @throws PantheonError as the run ends, or `turn_in_progress`.
 */
export async function joinRun(deps: Deps, requester: Requester, live: LiveRun): Promise<TurnAnswer> {
  const answer = await callHost(deps, requester, live.runId, (host) =>
    host.join({ runId: live.runId, waitMs: startWaitMs }),
  );
  if (answer === null || answer.kind === "unknown") throw notReached(live);
  return readHostAnswer(deps, { requester, ...live }, answer);
}

export type WatchRequest = { after: EventPlace | null; client: StockClient | null; isLive: boolean };

/** What a host has of a run's events. Null: the host does not answer. */
type FoundEvents = Exclude<HostStream, { kind: "too_many_readers" }> | null;

/** Asks the session's host for events. @throws PantheonError `too_many_readers`. */
export async function callForEvents(
  deps: Deps,
  requester: Requester,
  runId: string,
  call: (host: SessionHost) => Promise<HostStream>,
): Promise<FoundEvents> {
  const events = await callHost(deps, requester, runId, call);
  if (events?.kind !== "too_many_readers") return events;
  const detail = `${maxReaders} readers follow this session. Please close one.`;
  throw new PantheonError("too_many_readers", detail);
}

/** Asks the session's host for the events of a run. @throws PantheonError `too_many_readers`. */
export function askForEvents(
  deps: Deps,
  requester: Requester,
  runId: string,
  { after, client, isLive }: WatchRequest,
): Promise<FoundEvents> {
  const waitMs = isLive ? startWaitMs : 0;
  const request = { runId, after, client, waitMs, requestId: requester.requestId };
  return callForEvents(deps, requester, runId, (host) => host.events(request));
}

/** The events of a live run from the beginning. @throws PantheonError `turn_in_progress` or `too_many_readers`. */
export async function joinEvents(
  deps: Deps,
  requester: Requester,
  live: LiveRun,
  client: StockClient | null,
): Promise<ReadableStream<Uint8Array>> {
  const events = await askForEvents(deps, requester, live.runId, { after: null, client, isLive: true });
  if (events?.kind !== "streaming") throw notReached(live);
  return events.body;
}

export function notReached(live: LiveRun): PantheonError {
  const { turnId, leaseLeftMs: waitMs } = live;
  return busySession("turn_in_progress", "This request is still being answered.", { turnId, waitMs });
}
