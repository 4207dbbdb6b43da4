import type { Deps } from "../deps.ts";
import type { PantheonError } from "../domain/errors.ts";
import { messagesSnapshot } from "../http/ag-ui/ag-ui-events.ts";
import { toAgUiMessage } from "../routes/schemas/ag-ui.ts";
import type { Run } from "../turn/run.ts";
import type { EventPlace, HostAnswer, HostProblem } from "../turn/session-host.ts";
import { loadRunSnapshot } from "../turn/snapshot.ts";
import { concatBytes, type EventLog, toFrame } from "./event-log.ts";
import type { RunEvents } from "./run-events.ts";

/** A run in the memory of this object. */
export type HostedRun = {
  kind: "hosted";
  run: Run;
  isRunning: boolean;
  eventLog: EventLog;
  answer: Promise<HostAnswer>;
};

/** Readers of a resumed run's new log have not seen the answers that are stored: a snapshot shows them. */
export async function sendSnapshot(deps: Deps, run: Run, events: RunEvents): Promise<void> {
  if (!isResumed(run)) return;
  const messages = await loadRunSnapshot(deps, run);
  events.snapshot(messages.map(toAgUiMessage));
}

export function isResumed({ turn }: Run): boolean {
  return turn.claim.pastHolders.length > 0;
}

/** The `seq` of the event after a reader's place; null: the place is not in this log. */
export function seqAfter(eventLog: EventLog, after: EventPlace | null): number | null {
  if (after === null) return 1;
  const { epoch, seq } = after;
  return epoch === eventLog.epoch && seq !== "end" && seq <= eventLog.lastSeq ? seq + 1 : null;
}

/** For a reader whose place is not in the log: the log's first event, and the conversation as it was when this holder took the run. */
export async function startWithSnapshot(deps: Deps, { run, eventLog }: HostedRun): Promise<Uint8Array> {
  const messages = await loadRunSnapshot(deps, run);
  const snapshot = toFrame(`${eventLog.epoch}.1`, messagesSnapshot(messages.map(toAgUiMessage)));
  return concatBytes([eventLog.readOne(1) ?? new Uint8Array(), snapshot]);
}

/** The error as data, for another isolate. */
export function toProblem({ code, message, extras }: PantheonError): HostProblem {
  return { code, detail: message, extras };
}
