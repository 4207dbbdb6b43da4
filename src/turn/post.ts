import { type CountedDb, countRequests } from "../db/core/client.ts";
import type { ClaimedRequest } from "../db/schema.ts";
import { loadLatestMessages } from "../db/turn/latest-messages.ts";
import type { Deps } from "../deps.ts";
import type { FoundClaim } from "../domain/turn/open-decision.ts";
import { endedEntryError, type PendingTurn } from "../domain/turn/queued-turn.ts";
import { noTimings } from "../domain/turn/turn-timings.ts";
import { executeOnHost, toHandOver, watchOnHost } from "./hand-over.ts";
import { joinEvents, joinRun } from "./join.ts";
import { loadStoredTurn, type OpenResult, openRun } from "./open.ts";
import { prepareRun } from "./plan.ts";
import type { Requester, RunHandle, RunRequest, WhenBusy } from "./run.ts";
import { joinQueued, watchQueued } from "./wait-for-start.ts";

/**
 * Claims the session and plans a new turn.
 * @throws PantheonError as docs/api.md lists under POST …/turns.
 */
export function postTurn(
  deps: Deps,
  request: Requester & { request: ClaimedRequest },
  whenBusy: WhenBusy = "refuse",
): Promise<RunHandle> {
  return openAndPlan(deps, { ...request, kind: "turn" }, whenBusy);
}

/**
 * Claims the session for a further run of its latest turn. The agents that failed answer again, in the turn's own mode,
 * with the context as it is now and the turn's other answers.
 * @throws PantheonError as docs/api.md lists under POST …/retry.
 */
export function retryTurn(deps: Deps, request: Requester & { turnId: string }): Promise<RunHandle> {
  return openAndPlan(deps, { ...request, kind: "retry" }, "refuse");
}

/**
 * Opens a run and plans it. All refusals happen here, before any model is called and any host is woken. The session's host
 * then runs the agents and commits.
 */
async function openAndPlan(
  { db: sharedDb, ...shared }: Deps,
  request: RunRequest,
  whenBusy: WhenBusy,
): Promise<RunHandle> {
  const { db, requests } = countRequests(sharedDb);
  const deps: Deps = { ...shared, db };
  const startedMs = deps.nowMs();
  const opened = await openRun(deps, request, { startedMs, whenBusy });
  switch (opened.kind) {
    case "replay":
      return replayTurn(deps, request, { opened, startedMs, requests });
    case "queued":
      return waitForTurn(deps, request, opened.pending);
    case "join":
      return joinLiveRun(deps, request, opened.running);
    case "claimed":
      return handOverRun(deps, request, { opened, requests });
  }
}

type Opened<Kind extends OpenResult["kind"]> = Extract<OpenResult, { kind: Kind }>;
type Requests = CountedDb["requests"];

async function replayTurn(
  deps: Deps,
  request: RunRequest,
  { opened, startedMs, requests }: { opened: Opened<"replay">; startedMs: number; requests: Requests },
): Promise<RunHandle> {
  const { runId, turnId, openMs } = opened;
  const stored = await loadStoredTurn(deps, request, turnId);
  const scope = { sessionId: request.sessionId, userId: request.user.userId };
  const measure = () => ({
    ...noTimings,
    openMs,
    totalMs: deps.nowMs() - startedMs,
    databaseRoundTrips: requests(),
  });
  return {
    kind: "replay",
    runId,
    turnId,
    loadSnapshot: () => loadLatestMessages(deps.db, scope),
    answer: () => ({ stored, replayed: true, timings: measure() }),
  };
}

function joinLiveRun(deps: Deps, request: RunRequest, running: FoundClaim): RunHandle {
  return {
    kind: "run",
    runId: running.runId,
    turnId: running.turnId,
    pending: toRunning(request, running),
    execute: () => joinRun(deps, request, running),
    watch: (client) => joinEvents(deps, request, running, client),
  };
}

/** Plans the run. It is handed over once the route asks for its turn or its events. */
async function handOverRun(
  deps: Deps,
  request: RunRequest,
  { opened: { turn, start }, requests }: { opened: Opened<"claimed">; requests: Requests },
): Promise<RunHandle> {
  const { runId, turnId } = turn.claim;
  const logged = { ...request, log: request.log.with({ run_id: runId }) };
  const run = await prepareRun(deps, { start, request: logged, turn });
  const handOver = () => toHandOver(deps, run, requests());
  return {
    kind: "run",
    runId,
    turnId,
    pending: toRunning(request, turn.claim),
    execute: () => executeOnHost(deps, run, handOver()),
    watch: (client) => watchOnHost(deps, run, { handOver: handOver(), client }),
  };
}

function toRunning(
  { sessionId }: RunRequest,
  { turnId, turnIndex }: { turnId: string; turnIndex: number },
): PendingTurn {
  const turn = { id: turnId, sessionId: sessionId.toLowerCase(), turnIndex };
  return { ...turn, status: "running", position: null, problem: null };
}

/** A turn that waits in the queue, or has ended there. */
function waitForTurn(deps: Deps, request: RunRequest, pending: PendingTurn): RunHandle {
  const { id: turnId, status, problem } = pending;
  const hasEnded = status === "refused" || status === "cancelled";
  const refuse = () => Promise.reject(endedEntryError({ turnId, problem }));
  return {
    kind: "run",
    runId: turnId,
    turnId,
    pending,
    execute: () => (hasEnded ? refuse() : joinQueued(deps, request, turnId)),
    watch: (client) => (hasEnded ? refuse() : watchQueued(deps, request, turnId, client)),
  };
}
