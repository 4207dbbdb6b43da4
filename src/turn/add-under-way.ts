import type { Deps } from "../deps.ts";
import { callsUnderWay } from "../domain/billing/calls-under-way.ts";
import { recordUnderWay } from "../domain/billing/under-way-records.ts";
import type { AgentReply, TurnOutcome } from "../domain/turn/turn-outcome.ts";
import type { ClaimedRun } from "./finish-run.ts";

/**
 * Puts on the books what past holders may have had under way when they were replaced. `maySummarise`: a summary
 * may have been due, whose calls no checkpoint holds.
 */
export function addUnderWay(
  deps: Deps,
  { claim, plan }: ClaimedRun,
  outcome: TurnOutcome,
  maySummarise: boolean,
): TurnOutcome {
  if (claim.pastHolders.length === 0) return outcome;
  const pastHolders = claim.pastHolders.map(({ holder }) => holder);
  const underWay = callsUnderWay(
    plan,
    {
      calls: outcome.calls,
      overhead: outcome.overhead,
      repliedKeys: outcome.replies.filter(isReply).map(({ agentKey }) => agentKey),
      selectedKeys: outcome.routing?.selectedKeys ?? null,
    },
    pastHolders,
  );
  const { calls, overhead } = recordUnderWay({
    ...{ plan, underWay, catalog: deps.catalog, managerModelAlias: deps.limits.managerModelAlias },
    ...{
      summarizerModelAlias: deps.limits.summarizerModelAlias,
      summaryHolders: maySummarise ? pastHolders : [],
    },
    promptTokensOf: (agentKey) =>
      outcome.prompts.find((prompt) => prompt.agentKey === agentKey)?.estimatedTokensAfterPrune ?? 0,
  });
  return {
    ...outcome,
    calls: [...outcome.calls, ...calls],
    overhead: [...outcome.overhead, ...overhead],
  };
}

/** An abandoned agent has not replied: a call of it may have been under way. */
function isReply(reply: AgentReply): boolean {
  return reply.status === "completed" || reply.failure.code !== "abandoned";
}
