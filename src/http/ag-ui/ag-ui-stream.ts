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
  /** Runs the turn and stores it, telling what happens; resolves once it is stored. */
  finish: (emit: EmitTurnEvent) => Promise<RunResult>;
  /** What a client may know of an error of `finish`. */
  describeError: (error: unknown) => PantheonError;
};

/**
 * Tells what happens in a run and, only once the turn is stored, that it is finished.
 * @returns when the turn is over, stored or not, whether or not anybody still reads. Never rejects.
 */
export async function streamRun(stream: EventStream, run: StreamedRun): Promise<void> {
  const nameToolCalls = createToolCallNames();
  try {
    const result = await run.finish((event) => stream.send(toAgUiEvent(nameToolCalls(event))));
    tellResult(stream, run.ids, result);
  } catch (error) {
    stream.end(runError(run.describeError(error)));
  }
}

/** Tells that a run begins and, where a reader may have missed something, the whole session as it stands. */
export function tellStart(stream: EventStream, ids: RunIds, messages: Message[] | undefined): void {
  stream.send(runStarted(ids));
  if (messages !== undefined) stream.send(messagesSnapshot(messages));
}

/** Tells the end of a run that is stored. */
export function tellResult(stream: EventStream, ids: RunIds, result: RunResult): void {
  stream.end(runFinished(ids, result));
}
