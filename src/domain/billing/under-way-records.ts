import type { Catalog } from "../catalog.ts";
import type { TurnPlan } from "../plan/turn-plan.ts";
import type { ModelCallRecord, OverheadCall } from "../turn/turn-outcome.ts";
import type { UnderWay } from "./calls-under-way.ts";

export type UnderWayRecords = { calls: ModelCallRecord[]; overhead: OverheadCall[] };

export type UnderWayInput = {
  plan: TurnPlan;
  catalog: Catalog;
  underWay: UnderWay;
  managerModelAlias: string;
  summarizerModelAlias: string;
  /** Holders that may have been making a summary. */
  summaryHolders: readonly string[];
  /** Estimated tokens of an agent's prompt; 0 where nobody can tell any more. */
  promptTokensOf: (agentKey: string) => number;
};

const nothingKnown = {
  attempt: 1,
  usageSource: "estimated",
  providerCostUsd: null,
  status: "unknown",
  latencyMs: 0,
  providerRequestId: null,
} as const;

/** The records of calls that replaced holders may have made: flagged, estimated, free of charge. */
export function recordUnderWay({ plan, catalog, underWay, ...input }: UnderWayInput): UnderWayRecords {
  const calls = underWay.calls.flatMap((call): ModelCallRecord[] => {
    const agent = plan.agents.find(({ agentKey }) => agentKey === call.agentKey);
    const model = catalog.models.get(agent?.modelAlias ?? "");
    if (model === undefined) return [];
    const { alias: modelAlias, provider, providerModel, multiplierHundredths } = model;
    const usage = { fresh: input.promptTokensOf(call.agentKey), cached: 0, output: 0 };
    return [
      {
        ...call,
        ...nothingKnown,
        modelAlias,
        provider,
        providerModel,
        multiplierHundredths,
        usage,
        attempts: 1,
      },
    ];
  });
  const overhead = [
    ...underWay.routingHolders.map((holder) => ({ holder, purpose: "routing" as const })),
    ...input.summaryHolders.flatMap((holder) => [
      { holder, purpose: "summary_text" as const },
      { holder, purpose: "summary_structure" as const },
    ]),
  ].flatMap(({ holder, purpose }): OverheadCall[] => {
    const alias = purpose === "routing" ? input.managerModelAlias : input.summarizerModelAlias;
    const model = catalog.models.get(alias);
    if (model === undefined) return [];
    const nothingCounted = { inputTokensFresh: 0, inputTokensCached: 0, outputTokens: 0 };
    const { providerModel } = model;
    return [{ purpose, holder, modelAlias: alias, providerModel, ...nothingKnown, ...nothingCounted }];
  });
  return { calls, overhead };
}
