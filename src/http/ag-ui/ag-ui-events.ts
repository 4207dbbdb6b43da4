import { type AGUIEvent, EventType, type Message, PROTOCOL_VERSION, type TokenUsage } from "@ag-ui/core";
import type { PantheonError } from "../../domain/errors.ts";
import type { RunIds } from "../../domain/turn/stream-client.ts";
import type { TurnEvent } from "../../domain/turn/turn-events.ts";

/** The result of a run: the stored turn in its wire form, and the tokens of the run's calls. */
export type RunResult = { result: object; usage: TokenUsage[] };

/** Maps one event of a run to one event of AG-UI. Each agent's part in the run is a subagent. */
export function toAgUiEvent(event: TurnEvent): AGUIEvent {
  if (!("agentRunId" in event)) return toCustomEvent(event);
  const subagentRunId = event.agentRunId;
  switch (event.type) {
    case "agent_started":
      return {
        type: EventType.SUBAGENT_STARTED,
        subagentRunId,
        name: event.agentName,
        metadata: {
          agent_key: event.agentKey,
          step: event.step,
          role: event.role,
          round: event.round,
        },
      };
    case "text_started": {
      const { messageId, agentName: name } = event;
      return { type: EventType.TEXT_MESSAGE_START, subagentRunId, messageId, role: "assistant", name };
    }
    case "text_delta": {
      const { messageId, delta } = event;
      return { type: EventType.TEXT_MESSAGE_CONTENT, subagentRunId, messageId, delta };
    }
    case "text_ended":
      return { type: EventType.TEXT_MESSAGE_END, subagentRunId, messageId: event.messageId };
    case "tool_call_started":
      return {
        type: EventType.TOOL_CALL_START,
        subagentRunId,
        toolCallId: event.toolCallId,
        toolCallName: event.toolName,
        ...(event.messageId === null ? {} : { parentMessageId: event.messageId }),
      };
    case "tool_call_arguments": {
      const { toolCallId, delta } = event;
      return { type: EventType.TOOL_CALL_ARGS, subagentRunId, toolCallId, delta };
    }
    case "tool_call_ended":
      return { type: EventType.TOOL_CALL_END, subagentRunId, toolCallId: event.toolCallId };
    case "tool_call_result": {
      const { toolCallId, messageId, content } = event;
      return {
        type: EventType.TOOL_CALL_RESULT,
        subagentRunId,
        toolCallId,
        messageId,
        content,
        role: "tool",
      };
    }
    case "agent_finished":
      return {
        type: EventType.SUBAGENT_FINISHED,
        subagentRunId,
        metadata: { finish_reason: event.finishReason },
      };
    case "agent_failed":
      return {
        type: EventType.SUBAGENT_ERROR,
        subagentRunId,
        code: event.code,
        message: event.message,
      };
  }
}

type RunEvent = Exclude<TurnEvent, { agentRunId: string }>;

/** AG-UI has no rounds and no summaries: they are custom events, which a client that does not know them leaves out. */
function toCustomEvent(event: RunEvent): AGUIEvent {
  const custom = (name: string, value: object): AGUIEvent => ({ type: EventType.CUSTOM, name, value });
  switch (event.type) {
    case "round_started": {
      const steps = event.steps.map(({ step, agentKey }) => ({ step, agent_key: agentKey }));
      return custom("ROUND_STARTED", { round: event.round, steps, decision: event.decision });
    }
    case "round_finished":
      return custom("ROUND_FINISHED", { round: event.round });
    case "summary_made": {
      const { fromSeq, toSeq, usedFallback } = event;
      return custom("SUMMARY_MADE", { from_seq: fromSeq, to_seq: toSeq, used_fallback: usedFallback });
    }
  }
}

export function runStarted({ threadId, runId }: RunIds): AGUIEvent {
  return { type: EventType.RUN_STARTED, threadId, runId, protocolVersion: PROTOCOL_VERSION };
}

export function messagesSnapshot(messages: Message[]): AGUIEvent {
  return { type: EventType.MESSAGES_SNAPSHOT, messages };
}

/** Only for a turn that is stored. */
export function runFinished({ threadId, runId }: RunIds, { result, usage }: RunResult): AGUIEvent {
  return { type: EventType.RUN_FINISHED, threadId, runId, result, usage };
}

export function runError(error: PantheonError): AGUIEvent {
  return { type: EventType.RUN_ERROR, code: error.code, message: error.message };
}
