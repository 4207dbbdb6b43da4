import type { TurnPlan } from "../../domain/plan/turn-plan.ts";
import type { AgentReply, TurnOutcome } from "../../domain/turn/turn-outcome.ts";
import { toPrivateMessages } from "./agent-work.ts";
import { entryOf, type TurnStateValue } from "./turn-state.ts";

/** The outcome of a graph's state, without what runs beside the graph: summary and times. */
export function toOutcome(plan: TurnPlan, state: TurnStateValue, newId: () => string): TurnOutcome {
  const order = answerOrder(plan, state);
  return {
    replies: order.map((agentKey) => entryOf(state.replies, agentKey) ?? unanswered(agentKey, newId())),
    calls: state.calls,
    prompts: order.flatMap((agentKey) => entryOf(state.prompts, agentKey) ?? []),
    toolEvents: state.toolEvents,
    privateMessages: toPrivateMessages(state.toolMessages),
    routing: state.routing,
    overhead: state.overhead,
    summary: null,
    modelMs: 0,
    toolsMs: 0,
  };
}

/** The agents that answer, in the plan's order, not in the order in which they finished. */
export function answerOrder(plan: TurnPlan, { routing }: Pick<TurnStateValue, "routing">): readonly string[] {
  return plan.flow === "routed" ? (routing?.selectedKeys ?? []) : plan.agents.map(({ agentKey }) => agentKey);
}

function unanswered(agentKey: string, messageId: string): AgentReply {
  return {
    agentKey,
    messageId,
    status: "failed",
    failure: { code: "deadline", message: "The agent was not asked." },
  };
}
