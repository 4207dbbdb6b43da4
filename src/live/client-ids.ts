import type { AGUIEvent } from "@ag-ui/core";
import type { StockClient } from "../domain/turn/stream-client.ts";
import { nameAsClient } from "../http/ag-ui/ag-ui-snapshot.ts";

/** Up to `\n`, not to `$`: with the flag `m`, `$` also stops at U+2028 and U+2029, which JSON leaves as they are. */
const eventsWithIds = /(\ndata: )(\{"type":"(?:RUN_STARTED|RUN_FINISHED|MESSAGES_SNAPSHOT)"[^\n]*)/g;

/**
 * Gives the events of a run the ids that a stock client chose itself. Only those that start and end a run, and snapshots,
 * have such ids; they are rare, and all other events pass as they are.
 */
export function createClientIds(client: StockClient): (frames: string) => string {
  return (frames) =>
    frames.replaceAll(
      eventsWithIds,
      (_, start, json) => `${start}${JSON.stringify(rename(JSON.parse(json), client))}`,
    );
}

function rename(event: AGUIEvent, { ids, userMessages }: StockClient): AGUIEvent {
  switch (event.type) {
    case "RUN_STARTED":
    case "RUN_FINISHED":
      return { ...event, ...ids };
    case "MESSAGES_SNAPSHOT":
      return { ...event, messages: nameAsClient(event.messages, userMessages) };
    default:
      return event;
  }
}
