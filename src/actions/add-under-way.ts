import type { Deps } from "../deps.ts";
import { callsUnderWay } from "../domain/calls-under-way.ts";
import type { TurnOutcome } from "../domain/turn-outcome.ts";
import { recordUnderWay } from "../domain/under-way-records.ts";
import type { ClaimedRun } from "./finish-run.ts";

/** Puts on the books what past holders may have had under way when they were replaced. */
export function addUnderWay(deps: Deps, { claim, plan }: ClaimedRun, outcome: TurnOutcome): TurnOutcome {
  if (claim.pastHolders.length === 0) return outcome;
  const underWay = callsUnderWay(
    plan,
    {
      calls: outcome.calls,
      overhead: outcome.overhead,
      repliedKeys: outcome.replies.map(({ agentKey }) => agentKey),
      selectedKeys: outcome.routing?.selectedKeys ?? null,
    },
    claim.pastHolders.map(({ holder }) => holder),
  );
  const { calls, overhead } = recordUnderWay({
    ...{ plan, underWay, catalog: deps.catalog, managerModelAlias: deps.limits.managerModelAlias },
    promptTokensOf: (agentKey) =>
      outcome.prompts.find((prompt) => prompt.agentKey === agentKey)?.estimatedTokensAfterPrune ?? 0,
  });
  return {
    ...outcome,
    calls: [...outcome.calls, ...calls],
    overhead: [...outcome.overhead, ...overhead],
  };
}
