import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import type { FinishReason } from "../../domain/turn/finish-reason.ts";
import type { EmitTurnEvent } from "../../domain/turn/turn-events.ts";

/** Emits the events of one agent in one run. Readers may rely on their order. */
export type AgentEvents = {
  /** Opens the message with the first text, so that an answer without text leaves no empty message. */
  textDelta(messageId: string, delta: string): void;
  /** Ends the text of the answer first, then emits the calls that it asks for. */
  toolCalls(messageId: string, calls: readonly ToolCallRequest[]): void;
  toolResult(toolCallId: string, messageId: string, content: string): void;
  end(finishReason: FinishReason): void;
  fail(failure: AgentFailure): void;
};

export function createAgentEvents(agentName: string, agentRunId: string, emit: EmitTurnEvent): AgentEvents {
  let openMessageId: string | null = null;
  const endText = () => {
    if (openMessageId !== null) emit({ type: "text_ended", agentRunId, messageId: openMessageId });
    openMessageId = null;
  };
  return {
    textDelta(messageId, delta) {
      if (openMessageId === null) emit({ type: "text_started", agentRunId, messageId, agentName });
      openMessageId = messageId;
      emit({ type: "text_delta", agentRunId, messageId, delta });
    },
    toolCalls(messageId, calls) {
      const parentId = openMessageId === null ? null : messageId;
      endText();
      for (const { id: toolCallId, name: toolName, argumentsText } of calls) {
        emit({ type: "tool_call_started", agentRunId, toolCallId, toolName, messageId: parentId });
        emit({ type: "tool_call_arguments", agentRunId, toolCallId, delta: argumentsText });
        emit({ type: "tool_call_ended", agentRunId, toolCallId });
      }
    },
    toolResult(toolCallId, messageId, content) {
      emit({ type: "tool_call_result", agentRunId, toolCallId, messageId, content });
    },
    end(finishReason) {
      endText();
      emit({ type: "agent_finished", agentRunId, finishReason });
    },
    fail({ code, message }) {
      endText();
      emit({ type: "agent_failed", agentRunId, code, message });
    },
  };
}
