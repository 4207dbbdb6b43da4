import type { UnderWay } from "./calls-under-way.ts";
import type { Catalog } from "./catalog.ts";
import type { ModelCallRecord, OverheadCall } from "./turn-outcome.ts";
import type { TurnPlan } from "./turn-plan.ts";

export type UnderWayRecords = { calls: ModelCallRecord[]; overhead: OverheadCall[] };

export type UnderWayInput = {
  plan: TurnPlan;
  catalog: Catalog;
  underWay: UnderWay;
  managerModelAlias: string;
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
  const manager = catalog.models.get(input.managerModelAlias);
  const overhead = underWay.routingHolders.flatMap((holder): OverheadCall[] =>
    manager === undefined
      ? []
      : [
          {
            purpose: "routing",
            holder,
            modelAlias: manager.alias,
            providerModel: manager.providerModel,
            ...nothingKnown,
            inputTokensFresh: 0,
            inputTokensCached: 0,
            outputTokens: 0,
          },
        ],
  );
  return { calls, overhead };
}
