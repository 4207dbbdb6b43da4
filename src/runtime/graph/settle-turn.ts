import type { TurnPlan } from "../../domain/plan/turn-plan.ts";
import { readRoutingDecision } from "../../domain/routing/routing-decision.ts";
import type { StoredCheckpoint } from "../../domain/turn/checkpoint.ts";
import type { AgentReply, TurnOutcome } from "../../domain/turn/turn-outcome.ts";
import { loadProgress } from "../checkpoint/stored-run.ts";
import { answerOrder, toOutcome } from "./state-outcome.ts";
import { emptyState, entryOf } from "./turn-state.ts";

export type SettleInput = {
  plan: TurnPlan;
  stored: StoredCheckpoint | undefined;
  /** Of a retry only the answers that had arrived count: the failures before it stay as they were. */
  isRetry: boolean;
};

/**
 * What a stored run comes to where nobody goes on with it: the answers that had arrived, and a failed reply
 * `abandoned` for the rest. A run that never got past routing has its fallback agent abandoned.
 */
export async function settleTurn(
  { plan, stored, isRetry }: SettleInput,
  newId: () => string,
): Promise<TurnOutcome> {
  const state = (await loadProgress(stored))?.state ?? emptyState();
  const unrouted = plan.flow === "routed" && state.routing === null;
  const routing = unrouted
    ? readRoutingDecision({ ok: false, code: "abandoned" }, plan.agents, () => 0)
    : state.routing;
  const outcome = toOutcome(plan, { ...state, routing }, newId);
  const replies = answerOrder(plan, { routing }).flatMap((agentKey): AgentReply[] => {
    const reply = entryOf(state.replies, agentKey);
    if (reply !== undefined) return [reply];
    return isRetry ? [] : [abandoned(agentKey, newId())];
  });
  return { ...outcome, replies };
}

function abandoned(agentKey: string, messageId: string): AgentReply {
  const message = "The turn was left unfinished before the agent answered.";
  return { agentKey, messageId, status: "failed", failure: { code: "abandoned", message } };
}
