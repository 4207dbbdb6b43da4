import { countRequests } from "../db/core/client.ts";
import type { ClaimedRequest } from "../db/schema.ts";
import { loadLatestMessages } from "../db/turn/latest-messages.ts";
import type { Deps } from "../deps.ts";
import { executeRun } from "./execute.ts";
import { loadStoredTurn, openRun } from "./open.ts";
import { planRun } from "./plan.ts";
import type { Requester, Run, RunHandle, RunRequest } from "./run.ts";
import { loadRunSnapshot } from "./snapshot.ts";

/**
 * Claims the session and plans a new turn.
 * @throws PantheonError as docs/api.md lists under POST …/turns.
 */
export function postTurn(deps: Deps, request: Requester & { request: ClaimedRequest }): Promise<RunHandle> {
  return prepareRun(deps, { ...request, kind: "turn" });
}

/**
 * Claims the session for a further run of its latest turn. The agents that failed answer again, in the turn's own mode,
 * with the context as it is now and the turn's other answers.
 * @throws PantheonError as docs/api.md lists under POST …/retry.
 */
export function retryTurn(deps: Deps, request: Requester & { turnId: string }): Promise<RunHandle> {
  return prepareRun(deps, { ...request, kind: "retry" });
}

/**
 * Opens a run and plans it. All refusals happen here, before any model is called. `execute` of the result then runs the
 * agents and commits.
 */
async function prepareRun({ db: sharedDb, ...shared }: Deps, request: RunRequest): Promise<RunHandle> {
  const { db, requests } = countRequests(sharedDb);
  const deps: Deps = { ...shared, db };
  const startedMs = deps.nowMs();
  const opened = await openRun(deps, request, startedMs);
  if (opened.kind === "replay") {
    const { runId, turnId, openMs } = opened;
    const stored = await loadStoredTurn(deps, request, turnId);
    return {
      kind: "replay",
      runId,
      turnId,
      loadSnapshot: () =>
        loadLatestMessages(db, { sessionId: request.sessionId, userId: request.user.userId }),
      answer: () => ({
        stored,
        replayed: true,
        timings: {
          openMs,
          modelMs: 0,
          toolsMs: 0,
          commitMs: 0,
          totalMs: deps.nowMs() - startedMs,
          databaseRoundTrips: requests(),
          checkpointRoundTrips: 0,
        },
      }),
    };
  }
  const { turn, start } = opened;
  const logged = { ...request, log: request.log.with({ run_id: turn.claim.runId }) };
  const run: Run = { ...start, request: logged, turn, ...(await planRun(deps, turn, logged)) };
  const isResumed = turn.claim.pastHolders.length > 0;
  return {
    kind: "run",
    runId: turn.claim.runId,
    turnId: turn.claim.turnId,
    loadSnapshot: isResumed ? () => loadRunSnapshot(deps, run) : null,
    execute: (client) => executeRun(deps, run, { client, requests }),
  };
}
