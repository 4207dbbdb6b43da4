import { type AGUIEvent, EventType, type Message } from "@ag-ui/core";
import { agentFailureText, agentLabel } from "../../domain/text/agent-label.ts";

/** Maps one event to those that are sent in its place. */
export type EventView = (event: AGUIEvent) => AGUIEvent[];

/**
 * Puts the author's name before each text, and adds a short text where an agent failed: many front-ends show neither names
 * nor failures.
 */
export function createLabels(): EventView {
  const names = new Map<string, string>();
  return (event) => {
    switch (event.type) {
      case EventType.SUBAGENT_STARTED:
        names.set(event.subagentRunId, event.name);
        return [event];
      case EventType.TEXT_MESSAGE_START:
        return event.name === undefined ? [event] : [event, toContent(event, agentLabel(event.name))];
      case EventType.SUBAGENT_ERROR:
        return [...toFailureText(event, names.get(event.subagentRunId) ?? "An agent"), event];
      case EventType.MESSAGES_SNAPSHOT:
        return [{ ...event, messages: labelMessages(event.messages) }];
      default:
        return [event];
    }
  };
}

/** The same labels for stored messages. */
export function labelMessages(messages: readonly Message[]): Message[] {
  return messages.map((message) => {
    if (message.role !== "assistant" || message.name === undefined) return message;
    const { name, content = "" } = message;
    const failure = /^\[\[agent_error\]\] agent=.*? type=(\w+) message=(.*)$/s.exec(content);
    if (failure === null) return { ...message, content: agentLabel(name) + content };
    const [, code, reason = ""] = failure;
    return { ...message, content: agentFailureText(name, { code, message: reason }) };
  });
}

type Failure = Extract<AGUIEvent, { type: "SUBAGENT_ERROR" }>;
type OfMessage = { messageId: string; subagentRunId?: string | undefined };

function toFailureText(failure: Failure, name: string): AGUIEvent[] {
  const { subagentRunId } = failure;
  const ofMessage = { messageId: `${subagentRunId}/failure`, subagentRunId };
  return [
    { type: EventType.TEXT_MESSAGE_START, ...ofMessage, role: "assistant" },
    toContent(ofMessage, agentFailureText(name, failure)),
    { type: EventType.TEXT_MESSAGE_END, ...ofMessage },
  ];
}

function toContent({ messageId, subagentRunId }: OfMessage, delta: string): AGUIEvent {
  const ofStep = subagentRunId === undefined ? {} : { subagentRunId };
  return { type: EventType.TEXT_MESSAGE_CONTENT, messageId, ...ofStep, delta };
}
