import type { PromptMessage, ToolCallRequest } from "../../domain/context/prompt.ts";
import type { PrivateMessage } from "../../domain/turn/turn-outcome.ts";
import type { ToolMessage } from "./turn-state.ts";

/** Where an agent stands on the way to its answer. */
export type AgentWork = {
  /** Null: nothing of it is in the state yet. */
  agentRunId: string | null;
  /** Model answers that asked for tools. */
  toolRounds: number;
  /** Those answers and what the tools said, in order, as the model is shown them. */
  exchange: PromptMessage[];
  /** Calls that wait for their tools. */
  pending: readonly ToolCallRequest[];
  /** What the tool found that the message itself asked for, fenced. */
  findings: string | null;
};

export function workOf(agentKey: string, toolMessages: readonly ToolMessage[]): AgentWork {
  const own = toolMessages.filter((one) => one.agentKey === agentKey);
  const last = own.at(-1);
  const triggered = own.find((one) => one.kind === "told" && one.isTriggered);
  return {
    agentRunId: last?.agentRunId ?? null,
    toolRounds: own.filter(({ kind }) => kind === "asked").length,
    exchange: own.filter((one) => one !== triggered).map(({ message }) => message),
    // Results of all calls of an answer come together.
    pending: last?.kind === "asked" && last.isPending ? last.message.toolCalls : [],
    findings: triggered?.message.content ?? null,
  };
}

/** What is stored of it for the agent alone, which its later turns are shown. */
export function toPrivateMessages(toolMessages: readonly ToolMessage[]): PrivateMessage[] {
  return toolMessages.flatMap((one): PrivateMessage[] => {
    const { id, agentKey, message } = one;
    if (one.kind === "told") {
      const content = `What your tool '${plainName(one.toolName)}' told you earlier:\n${message.content}`;
      return [{ id, agentKey, role: "tool", content }];
    }
    return message.content === "" ? [] : [{ id, agentKey, role: "assistant", content: message.content }];
  });
}

/** The name is the model's own text, and stands outside the fence. */
function plainName(toolName: string): string {
  return /^[\w.-]{1,64}$/.test(toolName) ? toolName : "unknown";
}
