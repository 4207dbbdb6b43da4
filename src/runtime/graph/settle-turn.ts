import type { TurnPlan } from "../../domain/plan/turn-plan.ts";
import { readRoutingDecision } from "../../domain/routing/routing-decision.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import type { StoredCheckpoint } from "../../domain/turn/checkpoint.ts";
import type { AgentReply, TurnOutcome } from "../../domain/turn/turn-outcome.ts";
import { turnTooLarge } from "../../domain/turn/turn-size.ts";
import { loadProgress, type StoredRun } from "../checkpoint/stored-run.ts";
import { answerOrder, toOutcome } from "./state-outcome.ts";
import { emptyState, entryOf } from "./turn-state.ts";

export type SettleInput = {
  plan: TurnPlan;
  stored: StoredCheckpoint | undefined;
  /** Of a retry only the answers that had arrived count: the failures before it stay as they were. */
  isRetry: boolean;
};

/** The outcome of a stored run that no holder continues. */
export async function settleTurn(
  { plan, stored, isRetry }: SettleInput,
  newId: () => string,
): Promise<TurnOutcome> {
  return settleState({ plan, progress: await loadProgress(stored), isRetry }, newId);
}

type SettleStateInput = { plan: TurnPlan; progress: StoredRun | undefined; isRetry: boolean };

/**
 * The stored answers, and a failed reply for each other agent: `abandoned`, or `turn_too_large` where texts of the run
 * were too large to be stored or read. In a run without a routing decision the fallback agent fails.
 */
export function settleState({ plan, progress, isRetry }: SettleStateInput, newId: () => string): TurnOutcome {
  const state = progress?.state ?? emptyState();
  const unrouted = plan.flow === "routed" && state.routing === null;
  const routing = unrouted
    ? readRoutingDecision({ ok: false, code: "abandoned" }, plan.agents, () => 0)
    : state.routing;
  const outcome = toOutcome(plan, { ...state, routing }, newId);
  const failure = progress === undefined || progress.isWhole ? abandoned : turnTooLarge;
  const replies = answerOrder(plan, { routing }).flatMap((agentKey): AgentReply[] => {
    const reply = entryOf(state.replies, agentKey);
    if (reply !== undefined) return [reply];
    return isRetry ? [] : [{ agentKey, messageId: newId(), status: "failed", failure }];
  });
  return { ...outcome, replies };
}

const abandoned: AgentFailure = {
  code: "abandoned",
  message: "The turn was left unfinished before the agent answered.",
};
