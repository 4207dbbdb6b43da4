import { Annotation } from "@langchain/langgraph";
import type { PromptMessage, ToolCallRequest } from "../domain/prompt.ts";
import type { RoutingDecision } from "../domain/routing-decision.ts";
import type {
  AgentReply,
  ModelCallRecord,
  OverheadCall,
  PrivateMessage,
  PromptMeasure,
  ToolEvent,
} from "../domain/turn-outcome.ts";

/** Where an agent stands on the way to its answer. */
export type AgentWork = {
  /** The agent's part in the run, as its events name it. */
  agentRunId: string;
  /** Model answers that asked for tools. */
  toolRounds: number;
  /** Those answers and what the tools said, in order, as the model is shown them. */
  exchange: PromptMessage[];
  /** Calls that wait for their tools. */
  pending: ToolCallRequest[];
  /** What the tool found that the message itself asked for, fenced. */
  findings: string | null;
};

const listOf = <T>() => Annotation<T[]>({ reducer: (left, right) => [...left, ...right], default: () => [] });
const byAgent = <T>() =>
  Annotation<Record<string, T>>({ reducer: (left, right) => ({ ...left, ...right }), default: () => ({}) });

/** The graph's state: small, of this turn only, and exactly what was paid for. */
export const TurnState = Annotation.Root({
  replies: byAgent<AgentReply>(),
  work: byAgent<AgentWork>(),
  calls: listOf<ModelCallRecord>(),
  prompts: byAgent<PromptMeasure>(),
  toolEvents: listOf<ToolEvent>(),
  privateMessages: listOf<PrivateMessage>(),
  routing: Annotation<RoutingDecision | null>({ reducer: (_, right) => right, default: () => null }),
  overhead: listOf<OverheadCall>(),
});

export type TurnStateValue = typeof TurnState.State;
export type TurnStateUpdate = typeof TurnState.Update;
