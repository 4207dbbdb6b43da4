import type { Message } from "@ag-ui/core";
import type { PantheonError } from "../domain/errors.ts";
import type { EmitTurnEvent } from "../domain/turn-events.ts";
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
import type { EventStream } from "./event-stream.ts";

export type StreamedRun = {
  ids: RunIds;
  /** Runs the turn and stores it, telling what happens; resolves once it is stored. */
  finish: (emit: EmitTurnEvent) => Promise<RunResult>;
  /** What a client may know of an error of `finish`. */
  describeError: (error: unknown) => PantheonError;
};

/**
 * Tells a run as it happens and, only once the turn is stored, that it is finished.
 * @returns when the turn is over, stored or not, whether or not anybody still reads. Never rejects.
 */
export async function streamRun(stream: EventStream, run: StreamedRun): Promise<void> {
  const nameToolCalls = createToolCallNames();
  stream.send(runStarted(run.ids));
  try {
    const result = await run.finish((event) => stream.send(toAgUiEvent(nameToolCalls(event))));
    stream.end(runFinished(run.ids, result));
  } catch (error) {
    stream.end(runError(run.describeError(error)));
  }
}

/** Tells a run that was stored before: its session as it stands, then its result. */
export function streamReplay(stream: EventStream, ids: RunIds, messages: Message[], result: RunResult): void {
  stream.send(runStarted(ids));
  stream.send(messagesSnapshot(messages));
  stream.end(runFinished(ids, result));
}
