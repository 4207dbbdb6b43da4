import { Annotation } from "@langchain/langgraph";
import type { PromptMessage, ToolCallRequest } from "../../domain/context/prompt.ts";
import type { RoutingDecision } from "../../domain/routing/routing-decision.ts";
import type {
  AgentReply,
  ModelCallRecord,
  OverheadCall,
  PrivateMessage,
  PromptMeasure,
  ToolEvent,
} from "../../domain/turn/turn-outcome.ts";

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

const joinLists = <T>(left: T[], right: T[]): T[] => [...left, ...right];
const joinRecords = <T>(left: Record<string, T>, right: Record<string, T>): Record<string, T> => ({
  ...left,
  ...right,
});
const takeLast = <T>(_: T, right: T): T => right;

/** How each channel takes in an update, whether LangGraph applies it or a stored run is restored. */
export const reducers = {
  replies: joinRecords<AgentReply>,
  work: joinRecords<AgentWork>,
  calls: joinLists<ModelCallRecord>,
  prompts: joinRecords<PromptMeasure>,
  toolEvents: joinLists<ToolEvent>,
  privateMessages: joinLists<PrivateMessage>,
  routing: takeLast<RoutingDecision | null>,
  overhead: joinLists<OverheadCall>,
};

export function emptyState(): TurnStateValue {
  return {
    replies: {},
    work: {},
    calls: [],
    prompts: {},
    toolEvents: [],
    privateMessages: [],
    routing: null,
    overhead: [],
  };
}

/** The graph's state: small, of this turn only, and exactly what was paid for. */
export const TurnState = Annotation.Root({
  replies: Annotation<Record<string, AgentReply>>({ reducer: reducers.replies, default: () => ({}) }),
  work: Annotation<Record<string, AgentWork>>({ reducer: reducers.work, default: () => ({}) }),
  calls: Annotation<ModelCallRecord[]>({ reducer: reducers.calls, default: () => [] }),
  prompts: Annotation<Record<string, PromptMeasure>>({ reducer: reducers.prompts, default: () => ({}) }),
  toolEvents: Annotation<ToolEvent[]>({ reducer: reducers.toolEvents, default: () => [] }),
  privateMessages: Annotation<PrivateMessage[]>({ reducer: reducers.privateMessages, default: () => [] }),
  routing: Annotation<RoutingDecision | null>({ reducer: reducers.routing, default: () => null }),
  overhead: Annotation<OverheadCall[]>({ reducer: reducers.overhead, default: () => [] }),
});

export type TurnStateValue = typeof TurnState.State;
export type TurnStateUpdate = typeof TurnState.Update;
