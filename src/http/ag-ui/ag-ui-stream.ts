import type { Message } from "@ag-ui/core";
import type { PantheonError } from "../../domain/errors.ts";
import type { EmitTurnEvent } from "../../domain/turn/turn-events.ts";
import type { EventStream } from "../event-stream.ts";
import {
  messagesSnapshot,
  type RunIds,
  type RunResult,
  runError,
  runFinished,
  runStarted,
  toAgUiEvent,
} from "./ag-ui-events.ts";
import { createToolCallNames } from "./ag-ui-tool-ids.ts";

export type StreamedRun = {
  ids: RunIds;
  /** Executes the run and emits its events; resolves once the turn is stored. */
  execute: (emit: EmitTurnEvent) => Promise<RunResult>;
  /** The error of `execute` in the form that a client may see. */
  describeError: (error: unknown) => PantheonError;
};

/**
 * Sends the events of a run and, once the turn is stored, that it is finished.
 * @returns when the run is over, stored or not, also where the reader has disconnected. Never rejects.
 */
export async function streamRun(stream: EventStream, run: StreamedRun): Promise<void> {
  const nameToolCalls = createToolCallNames();
  try {
    const result = await run.execute((event) => stream.send(toAgUiEvent(nameToolCalls(event))));
    sendResult(stream, run.ids, result);
  } catch (error) {
    stream.end(runError(run.describeError(error)));
  }
}

/** Sends that a run begins and, where a reader may have missed events, a snapshot of the session. */
export function sendStart(stream: EventStream, ids: RunIds, messages: Message[] | undefined): void {
  stream.send(runStarted(ids));
  if (messages !== undefined) stream.send(messagesSnapshot(messages));
}

/** Sends the end of a stored run. */
export function sendResult(stream: EventStream, ids: RunIds, result: RunResult): void {
  stream.end(runFinished(ids, result));
}
