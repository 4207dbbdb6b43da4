import { type AGUIEvent, EventType } from "@ag-ui/core";
import type { EventView } from "./ag-ui-labels.ts";

/**
 * What clients below protocol version 1.0 can read: no subagents, and one agent after another. Events of an agent wait
 * until the agents that started before it have ended. A turn bounds how much can wait.
 */
export function createOlderView(): EventView {
  const waiting = new Map<string, AGUIEvent[]>();
  let openMessageId: string | null = null;
  const show = (event: AGUIEvent): AGUIEvent[] => {
    if (event.type === EventType.TEXT_MESSAGE_START) openMessageId = event.messageId;
    if (event.type === EventType.TEXT_MESSAGE_END) openMessageId = null;
    return isOfSubagents(event) ? [] : [withoutSubagent(event)];
  };
  /** Events of the first agent that has not ended, and of all that ended while they waited behind it. */
  const release = (): AGUIEvent[] => {
    const released: AGUIEvent[] = [];
    for (const [subagentRunId, events] of waiting) {
      const hasEnded = events.some(isEnd);
      released.push(...events.splice(0).flatMap(show));
      if (!hasEnded) break;
      waiting.delete(subagentRunId);
    }
    return released;
  };
  return (event) => {
    const subagentRunId = subagentOf(event);
    if (subagentRunId !== undefined) {
      const events = waiting.get(subagentRunId) ?? [];
      waiting.set(subagentRunId, events);
      events.push(event);
      return release();
    }
    if (event.type !== EventType.RUN_ERROR || openMessageId === null) return show(event);
    return [{ type: EventType.TEXT_MESSAGE_END, messageId: openMessageId }, ...show(event)];
  };
}

function subagentOf(event: AGUIEvent): string | undefined {
  return "subagentRunId" in event && typeof event.subagentRunId === "string"
    ? event.subagentRunId
    : undefined;
}

function isOfSubagents({ type }: AGUIEvent): boolean {
  return type === EventType.SUBAGENT_STARTED || isEnd({ type });
}

function isEnd({ type }: Pick<AGUIEvent, "type">): boolean {
  return type === EventType.SUBAGENT_FINISHED || type === EventType.SUBAGENT_ERROR;
}

/** Without the fields that came with version 1.0. Safe: only optional fields are left out. */
function withoutSubagent(event: AGUIEvent): AGUIEvent {
  const { subagentRunId: _, protocolVersion: __, ...others } = event as AGUIEvent & Record<string, unknown>;
  return others as AGUIEvent;
}
