import { ClaimLost } from "../db/turn/commit-turn.ts";
import { type AbandonedTurn, type RunKey, type Takeover, takeOverRun } from "../db/turn/take-over-run.ts";
import { buildTurnRecord } from "../db/turn/turn-record.ts";
import type { Deps } from "../deps.ts";
import { abandonedPrompt } from "../domain/context/abandoned-prompt.ts";
import { nameOfError } from "../domain/error-name.ts";
import { commitFailedDetail, PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { takenSteps } from "../domain/plan/taken-steps.ts";
import { agentOfStep, type TurnPlan } from "../domain/plan/turn-plan.ts";
import type { TurnOutcome } from "../domain/turn/turn-outcome.ts";
import { endRefused, endStored } from "./end.ts";
import { estimateInFlight } from "./estimates.ts";
import { decidePlan } from "./plan.ts";
import { RunEnded, type SettledEndingName } from "./run.ts";

/** How long the host of a session may take to take a run over. */
const hostWaitMs = 5_000;

/**
 * Recovers a run whose holder is gone. The session's host takes it over and goes on with it; where the host does not
 * answer in time, the run is settled here. Where another holder took the run over first, nothing changes.
 */
export async function recoverRun(deps: Deps, key: RunKey, log: Log): Promise<void> {
  try {
    await within(hostWaitMs, deps.hosts(key.sessionId).recover(key));
  } catch (error) {
    log.warn("host_not_reached", { run_id: key.runId, error: nameOfError(error) });
    await settleRun(deps, key, log);
  }
}

/** Resolves as `work`, or rejects when it takes too long. */
export function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(new Error("no answer in time")), timeoutMs);
  return Promise.race([work, timeout.promise]).finally(() => clearTimeout(timer));
}

/**
 * Settles a run whose holder is gone: stores the answers that had arrived, and estimates of what the others may have cost.
 * No model is called. A run that planning refuses ends without a turn. Where another holder took the run over first,
 * nothing changes. `replaced`: the holder of a cancelled run, which is replaced whatever its lease.
 * @throws PantheonError `commit_failed` where the turn cannot be stored.
 */
export async function settleRun(
  deps: Deps,
  key: RunKey,
  requestLog: Log,
  replaced: string | null = null,
): Promise<void> {
  const log = requestLog.with({ run_id: key.runId });
  const takeover = await takeRun(deps, key, log, replaced);
  if (takeover.kind === "taken") await settleTakenRun(deps, takeover.turn, log);
}

/** Takes over a run whose lease has run out, or a cancelled one from the holder that is `replaced`. */
export async function takeRun(
  deps: Deps,
  key: RunKey,
  log: Log,
  replaced: string | null = null,
): Promise<Takeover> {
  const { turnLeaseMs: leaseMs } = deps.settings;
  const takeover = await takeOverRun(deps.db, { ...key, holder: deps.newId(), leaseMs, replaced });
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
  const isCancelled = claim.cancelledAt !== null;
  const restored = await deps.restoreOutcome({ plan, stored: checkpoint, isRetry, isCancelled });
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
  const ending: SettledEndingName = isCancelled ? "cancelled" : "recovered";
  // A holder that settles a run calls no model: it has no calls to report.
  const reportCalls = () => undefined;
  return endStored(deps, ending, {
    outcome,
    toRecord,
    lastCheckpoint: null,
    log,
    onFailure,
    reportCalls,
  });
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

/**
 * Settling does not read the conversation, so it does not know whether a summary was due. In a session's first turns none
 * is.
 */
function mayHaveSummarised({ settings }: Deps, { claim }: AbandonedTurn): boolean {
  return claim.turnIndex > settings.context.keepRawTurns;
}
