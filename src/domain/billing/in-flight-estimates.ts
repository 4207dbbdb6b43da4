import type { Catalog } from "../catalog.ts";
import { agentOfStep, type TurnPlan } from "../plan/turn-plan.ts";
import type { ModelCallRecord, OverheadCall } from "../turn/turn-outcome.ts";
import type { InFlight, InFlightCall } from "./in-flight-calls.ts";
import { findCalledModel, type PricedModel, type RunPricing } from "./run-pricing.ts";

export type InFlightRecords = { calls: ModelCallRecord[]; overhead: OverheadCall[] };

export type InFlightInput = {
  plan: TurnPlan;
  catalog: Catalog;
  /** What the claim keeps; undefined in a claim of an earlier version. */
  claimed: RunPricing | undefined;
  inFlight: InFlight;
  /** Of this deployment, for a claim that names none. */
  managerModelAlias: string;
  summarizerModelAlias: string;
  /** Holders that may have been making a summary. */
  summaryHolders: readonly string[];
  /** Holders that may have been making the title of the session. */
  titleHolders: readonly string[];
  /** Estimated tokens of a step's prompt; 0 where they are no longer known. */
  promptTokensOf: (step: string) => number;
};

const noProgress = {
  usageSource: "estimated",
  providerCostUsd: null,
  status: "unknown",
  latencyMs: 0,
  providerRequestId: null,
} as const;

/**
 * The records of calls that replaced holders may have made: flagged, estimated, free of charge. Each attempt has its
 * own record, since the holder may have sent them all before it was gone.
 */
export function toInFlightEstimates(input: InFlightInput): InFlightRecords {
  const { inFlight, claimed } = input;
  const managerAlias = claimed?.managerModelAlias ?? input.managerModelAlias;
  const summarizerAlias = claimed?.summarizerModelAlias ?? input.summarizerModelAlias;
  return {
    calls: inFlight.calls.flatMap((call) => estimateCall(input, call)),
    overhead: [
      ...inFlight.routing.flatMap((call) =>
        estimateOverhead(input, { purpose: "routing", ...call }, managerAlias),
      ),
      ...input.summaryHolders.flatMap((holder) => [
        ...estimateOverhead(input, { purpose: "summary_text", holder }, summarizerAlias),
        ...estimateOverhead(input, { purpose: "summary_structure", holder }, summarizerAlias),
      ]),
      ...input.titleHolders.flatMap((holder) =>
        estimateOverhead(input, { purpose: "session_title", holder }, summarizerAlias),
      ),
    ],
  };
}

/** Whether a record is such an estimate: no holder reported the call. */
export function isEstimate({ attempts }: Pick<ModelCallRecord, "attempts">): boolean {
  return attempts === 0;
}

function estimateCall(input: InFlightInput, call: InFlightCall): ModelCallRecord[] {
  const model = findCalledModel(input, agentOfStep(input.plan, call).modelAlias);
  if (model === undefined) return [];
  const usage = { fresh: input.promptTokensOf(call.step), cached: 0, output: 0 };
  return attemptsOf(model).map((attempt) => ({
    ...call,
    attempt,
    attempts: 0,
    modelAlias: model.alias,
    provider: model.provider,
    providerModel: model.providerModel,
    multiplierHundredths: model.multiplierHundredths,
    usage,
    ...noProgress,
  }));
}

function estimateOverhead(
  input: InFlightInput,
  call: Pick<OverheadCall, "purpose" | "holder" | "round">,
  alias: string,
): OverheadCall[] {
  const model = findCalledModel(input, alias);
  if (model === undefined) return [];
  return attemptsOf(model).map((attempt) => ({
    ...call,
    attempt,
    modelAlias: model.alias,
    providerModel: model.providerModel,
    inputTokensFresh: 0,
    inputTokensCached: 0,
    outputTokens: 0,
    ...noProgress,
  }));
}

/** The numbers of the attempts of one call, from 1. */
function attemptsOf({ maxAttempts }: PricedModel): number[] {
  return Array.from({ length: maxAttempts }, (_, index) => index + 1);
}
