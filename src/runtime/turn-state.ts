import { Annotation } from "@langchain/langgraph";
import type { AgentReply, ModelCallRecord, PromptMeasure } from "../domain/turn-outcome.ts";

const listOf = <T>() => Annotation<T[]>({ reducer: (left, right) => [...left, ...right], default: () => [] });

/** The graph's state: small, of this turn only, and exactly what was paid for. */
export const TurnState = Annotation.Root({
  replies: Annotation<Record<string, AgentReply>>({
    reducer: (left, right) => ({ ...left, ...right }),
    default: () => ({}),
  }),
  calls: listOf<ModelCallRecord>(),
  prompts: listOf<PromptMeasure>(),
});

export type TurnStateValue = typeof TurnState.State;
export type TurnStateUpdate = typeof TurnState.Update;
