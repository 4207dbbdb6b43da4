import type { AGUIEvent } from "@ag-ui/core";
import type { StockClient } from "../domain/turn/stream-client.ts";
import { nameAsClient } from "../http/ag-ui/ag-ui-snapshot.ts";

/**
 * Gives the events of a run the ids that a stock client chose itself. Only those that start and end a run, and snapshots,
 * have such ids; they are rare, and all other events pass as they are.
 */
export function createClientIds(client: StockClient): (frames: string) => string {
  return (frames) => {
    if (!/^data: \{"type":"(RUN_STARTED|RUN_FINISHED|MESSAGES_SNAPSHOT)"/m.test(frames)) return frames;
    return frames.replaceAll(/^data: (.*)$/gm, (line, json) => rename(line, json, client));
  };
}

function rename(line: string, json: string, { ids, userMessages }: StockClient): string {
  const event: AGUIEvent = JSON.parse(json);
  switch (event.type) {
    case "RUN_STARTED":
    case "RUN_FINISHED":
      return `data: ${JSON.stringify({ ...event, ...ids })}`;
    case "MESSAGES_SNAPSHOT":
      return `data: ${JSON.stringify({ ...event, messages: nameAsClient(event.messages, userMessages) })}`;
    default:
      return line;
  }
}
