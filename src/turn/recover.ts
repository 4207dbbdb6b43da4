import { ClaimLost } from "../db/turn/commit-turn.ts";
import {
  type AbandonedTurn,
  loadAbandonedRuns,
  type RunKey,
  type Takeover,
  takeOverRun,
} from "../db/turn/take-over-run.ts";
import { buildTurnRecord } from "../db/turn/turn-record.ts";
import type { Deps } from "../deps.ts";
import { abandonedPrompt } from "../domain/context/abandoned-prompt.ts";
import { commitFailedDetail, PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { takenSteps } from "../domain/plan/taken-steps.ts";
import { agentOfStep, type TurnPlan } from "../domain/plan/turn-plan.ts";
import type { TurnOutcome } from "../domain/turn/turn-outcome.ts";
import { endRefused, endStored } from "./end.ts";
import { estimateInFlight } from "./estimates.ts";
import { decidePlan } from "./plan.ts";
import { RunEnded } from "./run.ts";

/** In one call of the scheduled job; the next minute takes the rest. */
const maxRuns = 50;

/** How long the host of a session may take to take a run over. */
const hostWaitMs = 5_000;

/** Recovers the runs whose holders are gone. A run that fails does not stop the others. */
export async function recoverAbandonedRuns(deps: Deps): Promise<void> {
  const abandoned = await loadAbandonedRuns(deps.db, deps.settings.resumeWindowMs, maxRuns);
  for (const run of abandoned) {
    await recoverRun(deps, run, deps.log).catch((error: unknown) => {
      deps.log.error("recovery_failed", {
        run_id: run.runId,
        error: error instanceof Error ? error.name : "unknown",
      });
    });
  }
}

/**
 * Recovers a run whose holder is gone. The session's host takes it over and goes on with it; where the host does not
 * answer in time, the run is settled here. Where another holder took the run over first, nothing changes.
 */
export async function recoverRun(deps: Deps, key: RunKey, log: Log): Promise<void> {
  try {
    await within(hostWaitMs, deps.hosts(key.sessionId).recover(key));
  } catch (error) {
    const name = error instanceof Error ? error.name : "unknown";
    log.warn("host_not_reached", { run_id: key.runId, error: name });
    await settleRun(deps, key, log);
  }
}

function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(() => timeout.reject(new Error("no answer in time")), timeoutMs);
  return Promise.race([work, timeout.promise]).finally(() => clearTimeout(timer));
}

/**
 * Settles a run whose holder is gone: stores the answers that had arrived, and estimates of what the others may have cost.
 * No model is called. A run that planning refuses ends without a turn. Where another holder took the run over first,
 * nothing changes.
 * @throws PantheonError `commit_failed` where the turn cannot be stored.
 */
async function settleRun(deps: Deps, key: RunKey, requestLog: Log): Promise<void> {
  const log = requestLog.with({ run_id: key.runId });
  const takeover = await takeRun(deps, key, log);
  if (takeover.kind === "taken") await settleTakenRun(deps, takeover.turn, log);
}

/** Takes over a run whose lease has run out. */
export async function takeRun(deps: Deps, key: RunKey, log: Log): Promise<Takeover> {
  const takeover = await takeOverRun(deps.db, key, deps.newId(), deps.settings.turnLeaseMs);
  if (takeover.kind === "claim_deleted") log.warn("claim_deleted");
  return takeover;
}

/** Settles a run that this holder has taken over. */
export async function settleTakenRun(deps: Deps, turn: AbandonedTurn, log: Log): Promise<void> {
  const { claim, checkpoint, userId } = turn;
  const decision = decidePlan(turn);
  if (!decision.ok) {
    const { code, detail } = decision.refusal;
    const refusal = new PantheonError(code, detail);
    await endRefused(deps, "recovered_then_refused", { claim, checkpoint, userId, log }, refusal);
    return;
  }
  try {
    const { record } = await storeSettled(deps, turn, decision.plan, log);
    log.warn("turn_settled", { turn_id: claim.turnId, status: record.turn.status });
  } catch (error) {
    // Another holder committed first: its turn is kept. Or the run has ended without a turn.
    if (!(error instanceof ClaimLost || error instanceof RunEnded)) throw error;
  }
}

async function storeSettled(deps: Deps, turn: AbandonedTurn, plan: TurnPlan, log: Log) {
  const { claim, retried, lastSeq, checkpoint, userId } = turn;
  const isRetry = claim.kind === "retry";
  const restored = await deps.restoreOutcome({ plan, stored: checkpoint, isRetry });
  const outcome = { ...restored, prompts: completePrompts(deps, plan, restored, isRetry) };
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
  const onFailure = async (cause: unknown) => {
    if (cause instanceof ClaimLost) throw cause;
    throw new PantheonError("commit_failed", commitFailedDetail, {}, { cause });
  };
  return endStored(deps, "recovered", { outcome, toRecord, lastCheckpoint: null, log, onFailure });
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

/** Settling does not read the conversation, so it does not know whether a summary was due. In a session's first turns none is. */
function mayHaveSummarised({ settings }: Deps, { claim }: AbandonedTurn): boolean {
  return claim.turnIndex > settings.context.keepRawTurns;
}
