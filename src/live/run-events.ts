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
import { OpenAgents } from "./open-agents.ts";

/** Sends the events of a run in the form of AG-UI. All readers of the run get the same. */
export type RunEvents = {
  start(): void;
  /** For readers that have missed events. */
  snapshot(messages: Message[]): void;
  emit: EmitTurnEvent;
  finish(answer: TurnAnswer): void;
  /** Another holder has stored the turn: what is open ends as it was stored, and readers get the conversation. */
  finishAs(answer: TurnAnswer, messages: Message[]): void;
  fail(error: PantheonError): void;
};

type EventSink = { append(event: object): void; end(event: object): void };

export function createRunEvents(sink: EventSink, ids: RunIds): RunEvents {
  const nameToolCalls = createToolCallNames();
  const openAgents = new OpenAgents();
  const emit: EmitTurnEvent = (event) => {
    openAgents.note(event);
    sink.append(toAgUiEvent(nameToolCalls(event)));
  };
  const snapshot = (messages: Message[]) => sink.append(messagesSnapshot(messages));
  const finish = (answer: TurnAnswer) => sink.end(runFinished(ids, toRunResult(answer, ids.runId)));
  return {
    start: () => sink.append(runStarted(ids)),
    snapshot,
    emit,
    finish,
    finishAs(answer, messages) {
      for (const event of openAgents.endAs(answer.stored)) emit(event);
      snapshot(messages);
      finish(answer);
    },
    fail: (error) => sink.end(runError(error)),
  };
}
