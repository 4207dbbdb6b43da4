import { type AbandonedTurn, loadAbandonedRuns, type RunKey, takeOverRun } from "../db/turn/take-over-run.ts";
import { buildTurnRecord } from "../db/turn/turn-record.ts";
import type { Deps } from "../deps.ts";
import { abandonedPrompt } from "../domain/context/abandoned-prompt.ts";
import { PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { takenSteps } from "../domain/plan/taken-steps.ts";
import { agentOfStep, type TurnPlan } from "../domain/plan/turn-plan.ts";
import type { TurnOutcome } from "../domain/turn/turn-outcome.ts";
import { endRefused, endStored } from "./end.ts";
import { estimateInFlight } from "./estimates.ts";
import { decidePlan } from "./plan.ts";

/** In one call of the scheduled job; the next minute takes the rest. */
const maxRuns = 50;

/** Settles the runs whose holders are gone, each by itself: one that fails stops no other. Returns how many there were. */
export async function recoverAbandonedRuns(deps: Deps): Promise<number> {
  const abandoned = await loadAbandonedRuns(deps.db, deps.settings.resumeWindowMs, maxRuns);
  for (const run of abandoned) {
    await recoverRun(deps, run, deps.log).catch((error: unknown) => {
      deps.log.error("recovery_failed", {
        run_id: run.runId,
        error: error instanceof Error ? error.name : "unknown",
      });
    });
  }
  return abandoned.length;
}

/**
 * Settles a run whose holder is gone: stores the answers that had arrived, and estimates of what the others may have cost.
 * No model is called. A run that planning refuses ends without a turn. Where another holder took the run over first,
 * nothing changes.
 */
export async function recoverRun(deps: Deps, key: RunKey, log: Log): Promise<void> {
  const takeover = await takeOverRun(deps.db, key, deps.newId(), deps.settings.turnLeaseMs);
  if (takeover.kind === "claim_deleted") log.warn("claim_deleted", { run_id: key.runId });
  if (takeover.kind !== "taken") return;
  const { turn } = takeover;
  const { claim, retried, lastSeq, checkpoint, userId } = turn;
  const decision = decidePlan(turn);
  if (!decision.ok) {
    const { code, detail } = decision.refusal;
    const refusal = new PantheonError(code, detail);
    await endRefused(deps, "recovered_then_refused", { claim, checkpoint, userId }, refusal);
    return;
  }
  const { plan } = decision;
  const isRetry = claim.kind === "retry";
  const settled = await deps.settleRun({ plan, stored: checkpoint, isRetry });
  const outcome = { ...settled, prompts: completePrompts(deps, plan, settled, isRetry) };
  const maySummarise = mayHaveSummarised(deps, turn);
  const toRecord = (storedOutcome: TurnOutcome) =>
    buildTurnRecord({
      claim,
      retried,
      lastSeq,
      notRead: [],
      userId,
      plan,
      outcome: estimateInFlight(deps, { claim, plan, outcome: storedOutcome, maySummarise }),
      catalog: deps.catalog,
      session: null,
      estimateTokens: deps.estimateTokens,
      finishedAt: deps.now(),
      newId: deps.newId,
    });
  const stored = await endStored(deps, "recovered", {
    outcome,
    toRecord,
    lastStep: null,
    log,
    onFailure: (cause) => Promise.reject(cause),
  }).catch((error: unknown) => {
    // Another holder committed first. Keep its turn.
    if (error instanceof PantheonError && error.code === "turn_conflict") return null;
    throw error;
  });
  if (stored === null) return;
  const { status } = stored.record.turn;
  log.warn("turn_settled", { turn_id: claim.turnId, run_id: claim.runId, status });
}

/** Every step of the run has its audit row. The first row also holds the run's own calls: routing and summary. */
function completePrompts(deps: Deps, plan: TurnPlan, outcome: TurnOutcome, isRetry: boolean) {
  const { replies, prompts, decisions } = outcome;
  const steps = isRetry
    ? takenSteps(plan, decisions)
    : replies.map((reply) => ({ id: reply.step, agent: agentOfStep(plan, reply) }));
  return steps.map(
    (step) =>
      prompts.find((prompt) => prompt.step === step.id) ??
      abandonedPrompt(step, deps.catalog, deps.settings.context.maxOutputTokens),
  );
}

/** Settling reads no window, so it does not know whether a summary was due. In a session's first turns none is. */
function mayHaveSummarised({ settings }: Deps, { claim }: AbandonedTurn): boolean {
  return claim.turnIndex > settings.context.keepRawTurns;
}
