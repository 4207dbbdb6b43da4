import { buildLedger, listAttemptIds } from "../db/turn/ledger-record.ts";
import type { RefusedSpend } from "../db/turn/release-claim.ts";
import type { ClaimRow } from "../db/turn/stored-turn.ts";
import type { Deps } from "../deps.ts";
import { inFlightCalls } from "../domain/billing/in-flight-calls.ts";
import { isEstimate, toInFlightEstimates } from "../domain/billing/in-flight-estimates.ts";
import { planPossibleSteps, type TurnPlan } from "../domain/plan/turn-plan.ts";
import type { AgentFailureCode } from "../domain/turn/agent-failure.ts";
import type { StoredCheckpoint } from "../domain/turn/checkpoint.ts";
import { mayAskForTitle } from "../domain/turn/session-title.ts";
import type { AgentReply, TurnOutcome } from "../domain/turn/turn-outcome.ts";

export type EstimateInput = {
  claim: ClaimRow;
  plan: TurnPlan;
  outcome: TurnOutcome;
  /** A summary may have been due. No checkpoint holds the calls for one. */
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
      repliedSteps: outcome.replies.filter(isReply).map(({ step }) => step),
      decisions: outcome.decisions,
    },
    pastHolders,
  );
  const { calls, overhead } = toInFlightEstimates({
    plan,
    inFlight,
    catalog: deps.catalog,
    claimed: claim.snapshot.pricing,
    managerModelAlias: deps.settings.managerModelAlias,
    summarizerModelAlias: deps.settings.summarizerModelAlias,
    summaryHolders: maySummarise ? pastHolders : [],
    // Only the first holder of a run asks for a title.
    titleHolders: deps.settings.titlesByModel && mayAskForTitle(claim) ? pastHolders.slice(0, 1) : [],
    promptTokensOf: (step) =>
      outcome.prompts.find((prompt) => prompt.step === step)?.estimatedTokensAfterPrune ?? 0,
  });
  return {
    ...outcome,
    calls: [...outcome.calls, ...calls],
    overhead: [...outcome.overhead, ...overhead],
  };
}

/** A step without a reply of its own may have had a call in flight. */
function isReply(reply: AgentReply): boolean {
  return reply.status === "completed" || !placeholderFailures.includes(reply.failure.code);
}

/** The failures of steps whose reply did not arrive, or cannot be read from the checkpoint. */
const placeholderFailures: readonly AgentFailureCode[] = ["abandoned", "cancelled", "turn_too_large"];

/** The calls of a refused run that go into the ledger. */
export type RefusedRun = {
  claim: ClaimRow;
  checkpoint: StoredCheckpoint | undefined;
  /** Who pays for the run. */
  userId: string;
};

/**
 * The calls of the past holders of a run that planning then refuses: those in its checkpoint, and estimates of those in
 * flight. Without a plan it is not known which agents were called, so every possible step is estimated. An estimate too
 * many costs nothing. Null: no holder has started the run. Its past holder was refused too, or there was none.
 */
export async function collectRefusedSpend(
  deps: Deps,
  { claim, checkpoint, userId }: RefusedRun,
): Promise<RefusedSpend | null> {
  if (!claim.hasStarted) return null;
  const { catalog } = deps;
  const { mode, roster, orchestration, pricing } = claim.snapshot;
  const isRetry = claim.kind === "retry";
  const plan = planPossibleSteps({
    mode,
    roster,
    orchestration,
    managerModelAlias: pricing?.managerModelAlias ?? null,
    modelAliasOverride: claim.request.modelAliasOverride,
    isRetry,
  });
  const restored = await deps.restoreOutcome({ plan, stored: checkpoint, isRetry, isCancelled: false });
  const { calls } = estimateInFlight(deps, { claim, plan, outcome: restored, maySummarise: false });
  const createdAt = deps.now();
  return {
    ledger: buildLedger({ claim, userId, catalog, finishedAt: createdAt }, calls),
    estimatedIds: listAttemptIds(claim.runId, calls.filter(isEstimate)),
    catalog,
    pricing,
    createdAt,
  };
}
