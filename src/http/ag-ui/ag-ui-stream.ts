import type { Message } from "@ag-ui/core";
import type { RunIds } from "../../domain/turn/stream-client.ts";
import type { EventStream } from "../event-stream.ts";
import { messagesSnapshot, type RunResult, runFinished, runStarted } from "./ag-ui-events.ts";

/** A stored run as a stream: that it begins, a snapshot of the session, and its end. */
export function streamReplay(
  stream: EventStream,
  ids: RunIds,
  { messages, result }: { messages: Message[]; result: RunResult },
): void {
  stream.send(runStarted(ids));
  stream.send(messagesSnapshot(messages));
  stream.end(runFinished(ids, result));
}
