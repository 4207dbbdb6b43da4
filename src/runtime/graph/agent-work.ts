import type { PromptMessage, ToolCallRequest } from "../../domain/context/prompt.ts";
import type { PrivateMessage } from "../../domain/turn/turn-outcome.ts";
import type { ToolMessage } from "./run-state.ts";

/** How far a step has come on the way to its answer. */
export type AgentWork = {
  /** Model answers that asked for tools. */
  toolRequests: number;
  /** Those answers and the results of their calls, in order, as the model is sent them. */
  toolMessages: PromptMessage[];
  /** Calls that wait for their tools. */
  pending: readonly ToolCallRequest[];
  /** The results of the tools that the user's message itself asked for, fenced. Null: it asked for none. */
  triggerResult: string | null;
};

export function workOf(step: string, toolMessages: readonly ToolMessage[]): AgentWork {
  const own = toolMessages.filter((message) => message.step === step);
  const last = own.at(-1);
  const isTriggered = (entry: ToolMessage) => entry.kind === "result" && entry.isTriggered;
  const triggered = own.filter(isTriggered);
  return {
    toolRequests: own.filter(({ kind }) => kind === "request").length,
    toolMessages: own.filter((entry) => !isTriggered(entry)).map(({ message }) => message),
    // Results of all calls of an answer come together.
    pending: last?.kind === "request" && last.isPending ? last.message.toolCalls : [],
    triggerResult:
      triggered.length === 0 ? null : triggered.map(({ message }) => message.content).join("\n\n"),
  };
}

/** The messages that are stored for the agent alone. Its prompts of later turns show them. */
export function toPrivateMessages(toolMessages: readonly ToolMessage[]): PrivateMessage[] {
  return toolMessages.flatMap((entry): PrivateMessage[] => {
    const { id, step, agentKey, message } = entry;
    if (entry.kind === "result") {
      const content = `What your tool '${printableName(entry.toolName)}' told you earlier:\n${entry.laterContent ?? message.content}`;
      return [{ id, step, agentKey, role: "tool", content }];
    }
    return message.content === ""
      ? []
      : [{ id, step, agentKey, role: "assistant", content: message.content }];
  });
}

/** The name is the model's own text, and is written outside the fence. */
function printableName(toolName: string): string {
  return /^[\w.-]{1,64}$/.test(toolName) ? toolName : "unknown";
}
