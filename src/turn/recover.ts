import type { ClaimRow } from "../db/turn/stored-turn.ts";
import { type AbandonedTurn, loadAbandonedRuns, type RunKey, takeOverRun } from "../db/turn/take-over-run.ts";
import { buildTurnRecord } from "../db/turn/turn-record.ts";
import type { Deps } from "../deps.ts";
import { inFlightCalls } from "../domain/billing/in-flight-calls.ts";
import { toInFlightEstimates } from "../domain/billing/in-flight-estimates.ts";
import { abandonedPrompt } from "../domain/context/abandoned-prompt.ts";
import { PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { TurnPlan } from "../domain/plan/turn-plan.ts";
import type { AgentFailureCode } from "../domain/turn/agent-failure.ts";
import type { AgentReply, TurnOutcome } from "../domain/turn/turn-outcome.ts";
import { endRefused, endStored } from "./end.ts";
import { decidePlan } from "./plan.ts";

/** So many in one go; the next minute takes the rest. */
const maxRuns = 50;

/** Recovers the runs whose holders are gone, each by itself. Returns how many there were. */
export async function recoverAbandonedRuns(deps: Deps): Promise<number> {
  const abandoned = await loadAbandonedRuns(deps.db, deps.limits.resumeWindowMs, maxRuns);
  for (const run of abandoned) {
    await recoverRun(deps, run, deps.log).catch((error: unknown) => {
      deps.log.error("settling_failed", {
        run_id: run.runId,
        error: error instanceof Error ? error.name : "unknown",
      });
    });
  }
  return abandoned.length;
}

/**
 * Stores a run that nobody goes on with: the answers that had arrived, and estimates of what may have been spent
 * on the others. No model is called. A run that planning refuses is released. Where another holder was faster,
 * nothing changes.
 */
export async function recoverRun(deps: Deps, key: RunKey, log: Log): Promise<void> {
  const openedAt = deps.now();
  const takeover = await takeOverRun(deps.db, key, deps.newId(), deps.limits.turnLeaseMs);
  if (takeover.kind === "claim_deleted") log.warn("claim_deleted", { run_id: key.runId });
  if (takeover.kind !== "taken") return;
  const { turn } = takeover;
  const { claim, retried, lastSeq, checkpoint, userId } = turn;
  const decision = decidePlan(turn);
  if (!decision.ok) {
    const { code, detail } = decision.refusal;
    await endRefused(deps, claim, "recovered_then_refused", {
      refusal: new PantheonError(code, detail),
    });
    return;
  }
  const { plan } = decision;
  const isRetry = claim.kind === "retry";
  const settled = await deps.settleTurn({ plan, stored: checkpoint, isRetry });
  const outcome = { ...settled, prompts: completePrompts(deps, plan, settled, isRetry) };
  const maySummarise = mayHaveSummarised(deps, turn);
  const toRecord = (one: TurnOutcome) =>
    buildTurnRecord({
      claim,
      retried,
      lastSeq,
      notRead: [],
      userId,
      plan,
      outcome: estimateInFlight(deps, { claim, plan, outcome: one, maySummarise }),
      catalog: deps.catalog,
      session: null,
      estimateTokens: deps.estimateTokens,
      openedAt,
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

/** Every agent of the turn has its audit row; the first one also holds what the run spent for itself. */
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

/** Without the window of the run it is not known whether a summary was due; before so many turns none is. */
function mayHaveSummarised({ limits }: Deps, { claim }: AbandonedTurn): boolean {
  return claim.turnIndex > limits.context.keepRawTurns;
}

export type EstimateInput = {
  claim: ClaimRow;
  plan: TurnPlan;
  outcome: TurnOutcome;
  /** A summary may have been due, whose calls no checkpoint holds. */
  maySummarise: boolean;
};

/** Adds to an outcome estimates of the calls that past holders may have had in flight when they were replaced. */
export function estimateInFlight(
  deps: Deps,
  { claim, plan, outcome, maySummarise }: EstimateInput,
): TurnOutcome {
  if (claim.pastHolders.length === 0) return outcome;
  const pastHolders = claim.pastHolders.map(({ holder }) => holder);
  const inFlight = inFlightCalls(
    plan,
    {
      calls: outcome.calls,
      overhead: outcome.overhead,
      repliedKeys: outcome.replies.filter(isReply).map(({ agentKey }) => agentKey),
      selectedKeys: outcome.routing?.selectedKeys ?? null,
    },
    pastHolders,
  );
  const { calls, overhead } = toInFlightEstimates({
    plan,
    inFlight,
    catalog: deps.catalog,
    claimed: claim.snapshot.pricing,
    managerModelAlias: deps.limits.managerModelAlias,
    summarizerModelAlias: deps.limits.summarizerModelAlias,
    summaryHolders: maySummarise ? pastHolders : [],
    promptTokensOf: (agentKey) =>
      outcome.prompts.find((prompt) => prompt.agentKey === agentKey)?.estimatedTokensAfterPrune ?? 0,
  });
  return {
    ...outcome,
    calls: [...outcome.calls, ...calls],
    overhead: [...outcome.overhead, ...overhead],
  };
}

/** Of an agent without a reply of its own a call may have been in flight. */
function isReply(reply: AgentReply): boolean {
  return reply.status === "completed" || !lostReplies.includes(reply.failure.code);
}

/** Given to agents whose reply was not there, or whose stored reply could not be read. */
const lostReplies: readonly AgentFailureCode[] = ["abandoned", "turn_too_large"];
