import { Annotation } from "@langchain/langgraph";
import type { RoutingDecision } from "../domain/routing-decision.ts";
import type { AgentReply, ModelCallRecord, OverheadCall, PromptMeasure } from "../domain/turn-outcome.ts";

const listOf = <T>() => Annotation<T[]>({ reducer: (left, right) => [...left, ...right], default: () => [] });

/** The graph's state: small, of this turn only, and exactly what was paid for. */
export const TurnState = Annotation.Root({
  replies: Annotation<Record<string, AgentReply>>({
    reducer: (left, right) => ({ ...left, ...right }),
    default: () => ({}),
  }),
  calls: listOf<ModelCallRecord>(),
  prompts: listOf<PromptMeasure>(),
  routing: Annotation<RoutingDecision | null>({ reducer: (_, right) => right, default: () => null }),
  overhead: listOf<OverheadCall>(),
});

export type TurnStateValue = typeof TurnState.State;
export type TurnStateUpdate = typeof TurnState.Update;
