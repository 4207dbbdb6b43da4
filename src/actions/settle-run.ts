import { commitTurn, releaseClaim } from "../db/commit-turn.ts";
import { type DeadRun, type TakenRun, takeOverRun } from "../db/take-over-run.ts";
import type { Deps } from "../deps.ts";
import { failedAgentKeys } from "../domain/current-replies.ts";
import { PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { type PlanVerdict, planRetry, planTurn } from "../domain/turn-plan.ts";
import { addUnderWay } from "./add-under-way.ts";
import { type ClaimedRun, recordRun } from "./finish-run.ts";

/**
 * Stores a run that nobody goes on with, with the answers that had arrived, and what may have been spent on
 * the others. No model is called. One that planning refuses is released: nothing is stored.
 * @returns the round trips it took; where somebody else was faster, nothing was changed.
 */
export async function settleRun(deps: Deps, dead: DeadRun, log: Log): Promise<number> {
  const openedAt = deps.now();
  const taken = await takeOverRun(deps.db, dead, deps.newId(), deps.limits.turnLeaseMs);
  if (taken === undefined) return 1;
  const { claim, userId } = taken;
  const verdict = planAgain(taken);
  if (!verdict.ok) {
    await releaseClaim(deps.db, claim);
    return 2;
  }
  const { plan } = verdict;
  const isRetry = claim.kind === "retry";
  const outcome = await deps.settleTurn({ plan, stored: claim.checkpoint, isRetry });
  const run: ClaimedRun = { claim, userId, plan, openedAt, retried: isRetry ? taken.stored : null };
  const record = recordRun(deps, run, addUnderWay(deps, run, outcome));
  const keepsCheckpoint = deps.limits.checkpointRetentionDays > 0;
  const roundTrips = await commitTurn(deps.db, record, {
    catalog: deps.catalog,
    lastStep: null,
    keepsCheckpoint,
  }).catch((error: unknown) => {
    // Another holder was faster after all; its word stands.
    if (error instanceof PantheonError && error.code === "turn_conflict") return 2;
    throw error;
  });
  log.warn("turn_settled", { turn_id: claim.turnId, run_id: claim.runId, status: record.turn.status });
  return 1 + roundTrips;
}

function planAgain({ claim, stored }: TakenRun): PlanVerdict {
  const { snapshot, request } = claim;
  if (claim.kind === "turn") return planTurn({ ...snapshot, ...request });
  return planRetry(snapshot.mode, snapshot.roster, stored === null ? [] : failedAgentKeys(stored.messages));
}
