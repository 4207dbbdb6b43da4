import type { TurnEvent } from "../../domain/turn/turn-events.ts";

/**
 * Gives each tool call of a run an id of its own. A provider's ids are unique within one answer at best, and a stock AG-UI
 * client aborts a stream in which two agents use the same id.
 */
export function createToolCallNames(): (event: TurnEvent) => TurnEvent {
  const unanswered = new Map<string, string[]>();
  let calls = 0;
  return (event) => {
    if (!("toolCallId" in event)) return event;
    const key = `${event.agentRunId}/${event.toolCallId}`;
    const names = unanswered.get(key) ?? [];
    unanswered.set(key, names);
    if (event.type === "tool_call_started") {
      calls += 1;
      names.push(`${key}/${calls}`);
    }
    // A call's arguments follow its start at once; results come in the order of their calls.
    const name = event.type === "tool_call_result" ? names.shift() : names.at(-1);
    return { ...event, toolCallId: name ?? key };
  };
}
