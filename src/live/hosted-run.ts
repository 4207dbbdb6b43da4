import { loadCommitter } from "../db/turn/committed-by.ts";
import { loadLatestMessages } from "../db/turn/latest-messages.ts";
import type { Deps } from "../deps.ts";
import type { PantheonError } from "../domain/errors.ts";
import { turnCancelled } from "../domain/turn/agent-failure.ts";
import { noTimings } from "../domain/turn/turn-timings.ts";
import { messagesSnapshot } from "../http/ag-ui/ag-ui-events.ts";
import { toAgUiMessage } from "../routes/schemas/ag-ui.ts";
import { loadStoredTurn } from "../turn/open.ts";
import { endings, type Run, type TurnAnswer } from "../turn/run.ts";
import type { EventPlace, HandOver, HostAnswer, HostProblem } from "../turn/session-host.ts";
import { loadRunSnapshot } from "../turn/snapshot.ts";
import { type EventLog, toFrame } from "./event-log.ts";
import type { RunEvents } from "./run-events.ts";

/** A run in the memory of this object. */
export type HostedRun = {
  kind: "hosted";
  run: Run;
  isRunning: boolean;
  /** Aborts if the run is cancelled. */
  cancel: AbortController;
  eventLog: EventLog;
  answer: Promise<HostAnswer>;
};

/** A run that was handed over, with the clock of this object. */
export function toRun(deps: Deps, { run, elapsedMs, leaseAgeMs }: HandOver): Run {
  const { request, ...rest } = run;
  const log = deps.log.with({ request_id: request.requestId, run_id: run.turn.claim.runId });
  const nowMs = deps.nowMs();
  return { ...rest, request: { ...request, log }, startedMs: nowMs - elapsedMs, sentMs: nowMs - leaseAgeMs };
}

export function isResumed({ turn }: Run): boolean {
  return turn.claim.pastHolders.length > 0;
}

/** The turn of a cancelled run that another holder has stored, with the session's messages; null: there is none. */
async function loadStoredByOther(deps: Deps, { turn, request }: Run) {
  const { sessionId, runId, turnId } = turn.claim;
  const { user } = request;
  if ((await loadCommitter(deps.db, runId)) === undefined) return null;
  const [stored, messages] = await Promise.all([
    loadStoredTurn(deps, { user, sessionId }, turnId),
    loadLatestMessages(deps.db, { sessionId, userId: user.userId }),
  ]);
  const isCancelled = stored.messages.some(
    (row) => row.runId === runId && row.error?.code === turnCancelled.code,
  );
  if (!isCancelled) return null;
  const answer: TurnAnswer = { stored, replayed: true, timings: noTimings };
  return { answer, messages: messages.map(toAgUiMessage) };
}

/** The `seq` of the event after a reader's place; null: the place is not in this log. */
export function seqAfter(eventLog: EventLog, after: EventPlace | null): number | null {
  if (after === null) return 1;
  const { epoch, seq } = after;
  return epoch === eventLog.epoch && seq !== "end" && seq <= eventLog.lastSeq ? seq + 1 : null;
}

/**
 * For a reader whose place is not in the log: the log's first event, and the conversation as it was when this holder took
 * the run.
 */
export async function startWithSnapshot(deps: Deps, { run, eventLog }: HostedRun): Promise<string> {
  const messages = await loadRunSnapshot(deps, run);
  const snapshot = toFrame(`${eventLog.epoch}.1`, messagesSnapshot(messages.map(toAgUiMessage)));
  return `${eventLog.readOne(1) ?? ""}${snapshot}`;
}

/**
 * Ends a run that this holder has not stored. Where it was cancelled, and another holder has stored it, its turn is the
 * answer. Never rejects.
 */
export async function endUnstored(
  deps: Deps,
  run: Run,
  events: RunEvents,
  problem: PantheonError,
): Promise<HostAnswer> {
  const isLost = problem.code === endings.lease_lost.answer;
  const stored = isLost ? await loadStoredByOther(deps, run).catch(() => null) : null;
  if (stored === null) {
    events.fail(problem);
    return { kind: "failed", problem: toProblem(problem) };
  }
  events.finishAs(stored.answer, stored.messages);
  return { kind: "stored", answer: stored.answer };
}

/** The error as data, for another isolate. */
export function toProblem({ code, message, extras }: PantheonError): HostProblem {
  return { code, detail: message, extras };
}
