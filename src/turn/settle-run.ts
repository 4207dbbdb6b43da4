import { commitTurn, releaseClaim } from "../db/turn/commit-turn.ts";
import type { OpenedClaim } from "../db/turn/open-turn.ts";
import { type DeadRun, type TakenRun, takeOverRun } from "../db/turn/take-over-run.ts";
import type { Deps } from "../deps.ts";
import { abandonedPrompt } from "../domain/context/abandoned-prompt.ts";
import { PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { type PlanVerdict, planRetry, planTurn, type TurnPlan } from "../domain/plan/turn-plan.ts";
import { failedAgentKeys } from "../domain/turn/current-replies.ts";
import type { TurnOutcome } from "../domain/turn/turn-outcome.ts";
import { addUnderWay } from "./add-under-way.ts";
import { type ClaimedRun, recordRun } from "./finish-run.ts";

/**
 * Stores a run that nobody goes on with, with the answers that had arrived, and what may have been spent on
 * the others. No model is called. One that planning refuses is released: nothing is stored.
 * @returns the round trips it took; where somebody else was faster, nothing was changed.
 */
export async function settleRun(deps: Deps, dead: DeadRun, log: Log): Promise<number> {
  const openedAt = deps.now();
  const takeover = await takeOverRun(deps.db, dead, deps.newId(), deps.limits.turnLeaseMs);
  if (takeover.kind === "claim_deleted") log.warn("claim_deleted", { run_id: dead.runId });
  if (takeover.kind !== "taken") return 1;
  const taken = takeover.run;
  const { claim, userId } = taken;
  const verdict = planAgain(taken);
  if (!verdict.ok) {
    await releaseClaim(deps.db, claim);
    return 2;
  }
  const { plan } = verdict;
  const isRetry = claim.kind === "retry";
  const settled = await deps.settleTurn({ plan, stored: claim.checkpoint, isRetry });
  const outcome = { ...settled, prompts: completePrompts(deps, plan, settled, isRetry) };
  const run: ClaimedRun = { claim, userId, plan, openedAt, retried: isRetry ? taken.stored : null };
  const record = recordRun(deps, run, addUnderWay(deps, run, outcome, maySummarise(deps, claim)));
  const keepsCheckpoint = deps.limits.checkpointRetentionDays > 0;
  let roundTrips = 1;
  try {
    await commitTurn(deps.db, record, {
      ...{ catalog: deps.catalog, lastStep: null, keepsCheckpoint, log },
      onRequest: () => {
        roundTrips += 1;
      },
    });
  } catch (error) {
    // Another holder was faster after all; its word stands.
    if (error instanceof PantheonError && error.code === "turn_conflict") return roundTrips;
    throw error;
  }
  log.warn("turn_settled", { turn_id: claim.turnId, run_id: claim.runId, status: record.turn.status });
  return roundTrips;
}

/** Every agent of the turn has its audit row: in the first stands what the run spent for itself. */
function completePrompts(deps: Deps, plan: TurnPlan, { replies, prompts }: TurnOutcome, isRetry: boolean) {
  const replied = new Set(replies.map(({ agentKey }) => agentKey));
  return plan.agents
    .filter(({ agentKey }) => isRetry || replied.has(agentKey))
    .map(
      (agent) =>
        prompts.find(({ agentKey }) => agentKey === agent.agentKey) ??
        abandonedPrompt(agent, deps.catalog, deps.limits.context.maxOutputTokens),
    );
}

/** Whether a summary may have been due cannot be told without its window; before so many turns none is. */
function maySummarise({ limits }: Deps, { turnIndex }: OpenedClaim): boolean {
  return turnIndex > limits.context.keepRawTurns;
}

function planAgain({ claim, stored }: TakenRun): PlanVerdict {
  const { snapshot, request } = claim;
  if (claim.kind === "turn") return planTurn({ ...snapshot, ...request });
  return planRetry(snapshot.mode, snapshot.roster, stored === null ? [] : failedAgentKeys(stored.messages));
}
