import type { AGUIEvent, Message } from "@ag-ui/core";
import type { RunIds } from "../../domain/turn/stream-client.ts";
import { messagesSnapshot, type RunResult, runFinished, runStarted } from "./ag-ui-events.ts";

/**
 * A stored run as a whole stream: that it starts, a snapshot of the session, and its end. Only the end has an id: who has it
 * has everything.
 */
export function formatStoredRun(
  runId: string,
  ids: RunIds,
  { messages, result }: { messages: Message[]; result: RunResult },
): string {
  const start = [runStarted(ids), messagesSnapshot(messages)].map(toData).join("");
  return `${start}id: ${runId}.end\n${toData(runFinished(ids, result))}`;
}

/** JSON has no raw line breaks, so an event is always one line; lone surrogates are escaped. */
function toData(event: AGUIEvent): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}
