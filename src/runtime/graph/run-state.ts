import { Annotation } from "@langchain/langgraph";
import type { PromptMessage } from "../../domain/context/prompt.ts";
import type { RoutingDecision } from "../../domain/routing/routing-decision.ts";
import type {
  AgentReply,
  ModelCallRecord,
  OverheadCall,
  PromptMeasure,
  ToolEvent,
} from "../../domain/turn/turn-outcome.ts";

/** `request`: an answer that asks for tools. `result`: the result of one of its calls. The values are stored. */
export type ToolMessage = {
  /** Id of the private message that is stored for it. */
  id: string;
  step: string;
  agentKey: string;
} & (
  | {
      kind: "request";
      message: Extract<PromptMessage, { toolCalls: unknown }>;
      /** Whether its calls wait for the agent's tools node. */
      isPending: boolean;
    }
  | {
      kind: "result";
      message: Extract<PromptMessage, { role: "tool" }>;
      toolName: string;
      /** Whether the user's message itself asked for it by its first words. */
      isTriggered: boolean;
      /** Whether the turn had room for the call. */
      hadRoom: boolean;
      /** What the agent is sent in place of the result in later turns; absent: the result. */
      laterContent?: string;
    }
);

const joinLists = <T>(left: T[], right: T[]): T[] => [...left, ...right];

/**
 * How each channel takes in an update, both where LangGraph applies it and where a stored run is restored. Every channel
 * is a list that only grows; a checkpoint stores its new entries (see list-parts.ts). No property has the name of a step,
 * since an agent may be called `__proto__`.
 */
export const reducers = {
  replies: joinLists<AgentReply>,
  toolMessages: joinLists<ToolMessage>,
  calls: joinLists<ModelCallRecord>,
  prompts: joinLists<PromptMeasure>,
  toolEvents: joinLists<ToolEvent>,
  decisions: joinLists<RoutingDecision>,
  overhead: joinLists<OverheadCall>,
};

/** The channels that are lists. */
export const listChannels = [
  "replies",
  "toolMessages",
  "calls",
  "prompts",
  "toolEvents",
  "decisions",
  "overhead",
] as const satisfies readonly (keyof typeof reducers)[];

export function emptyState(): RunStateValue {
  return {
    replies: [],
    toolMessages: [],
    calls: [],
    prompts: [],
    toolEvents: [],
    decisions: [],
    overhead: [],
  };
}

/** The graph's state: small, of this run only, and exactly what was paid for. */
export const RunState = Annotation.Root({
  replies: Annotation<AgentReply[]>({ reducer: reducers.replies, default: () => [] }),
  toolMessages: Annotation<ToolMessage[]>({ reducer: reducers.toolMessages, default: () => [] }),
  calls: Annotation<ModelCallRecord[]>({ reducer: reducers.calls, default: () => [] }),
  prompts: Annotation<PromptMeasure[]>({ reducer: reducers.prompts, default: () => [] }),
  toolEvents: Annotation<ToolEvent[]>({ reducer: reducers.toolEvents, default: () => [] }),
  decisions: Annotation<RoutingDecision[]>({ reducer: reducers.decisions, default: () => [] }),
  overhead: Annotation<OverheadCall[]>({ reducer: reducers.overhead, default: () => [] }),
});

export type RunStateValue = typeof RunState.State;
export type RunStateUpdate = typeof RunState.Update;

/** The entry of a step in one of the state's lists. */
export function entryOf<T extends { step: string }>(list: readonly T[], step: string): T | undefined {
  return list.find((entry) => entry.step === step);
}
