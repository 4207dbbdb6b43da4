import type { Message } from "@ag-ui/core";
import type { PantheonError } from "../domain/errors.ts";
import type { RunIds } from "../domain/turn/stream-client.ts";
import type { EmitTurnEvent } from "../domain/turn/turn-events.ts";
import {
  messagesSnapshot,
  runError,
  runFinished,
  runStarted,
  toAgUiEvent,
} from "../http/ag-ui/ag-ui-events.ts";
import { createToolCallNames } from "../http/ag-ui/ag-ui-tool-ids.ts";
import { toRunResult } from "../routes/run-result.ts";
import type { TurnAnswer } from "../turn/run.ts";

/** Sends the events of a run in the form of AG-UI. All readers of the run get the same. */
export type RunEvents = {
  start(): void;
  /** For readers that have missed events. */
  snapshot(messages: Message[]): void;
  emit: EmitTurnEvent;
  finish(answer: TurnAnswer): void;
  fail(error: PantheonError): void;
};

export type EventSink = { append(event: object): void; end(event: object): void };

export function createRunEvents(sink: EventSink, ids: RunIds): RunEvents {
  const nameToolCalls = createToolCallNames();
  return {
    start: () => sink.append(runStarted(ids)),
    snapshot: (messages) => sink.append(messagesSnapshot(messages)),
    emit: (event) => sink.append(toAgUiEvent(nameToolCalls(event))),
    finish: (answer) => sink.end(runFinished(ids, toRunResult(answer, ids.runId))),
    fail: (error) => sink.end(runError(error)),
  };
}
