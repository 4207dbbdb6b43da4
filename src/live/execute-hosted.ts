import { countRequests } from "../db/core/client.ts";
import type { Deps } from "../deps.ts";
import { nameOfError } from "../domain/error-name.ts";
import type { PantheonError } from "../domain/errors.ts";
import type { Claim } from "../domain/turn/claim.ts";
import { describeError } from "../http/problem.ts";
import { toAgUiMessage } from "../routes/schemas/ag-ui.ts";
import { executeRun } from "../turn/execute.ts";
import { unfinishedTurn } from "../turn/hand-over.ts";
import type { Run } from "../turn/run.ts";
import type { HostAnswer } from "../turn/session-host.ts";
import { loadRunSnapshot } from "../turn/snapshot.ts";
import type { EventLog } from "./event-log.ts";
import { endUnstored, isResumed } from "./hosted-run.ts";
import type { LogReaders } from "./log-readers.ts";
import { createRunEvents, type RunEvents } from "./run-events.ts";

export type HostedExecution = { events: RunEvents; cancel: AbortController; roundTrips: number };

/** Executes a run, and sends its events. Never rejects. */
export async function executeHosted(
  shared: Deps,
  storage: Pick<DurableObjectStorage, "sync">,
  run: Run,
  { events, cancel, roundTrips }: HostedExecution,
): Promise<HostAnswer> {
  const { db, requests } = countRequests(shared.db);
  const deps: Deps = { ...shared, db };
  try {
    events.start();
    // No model is called before the start is stored: a start that is lost would be started again.
    await storage.sync().catch((cause: unknown) => {
      throw startNotStored(shared, run, cause);
    });
    await sendSnapshot(deps, run, events);
    const answer = await executeRun(deps, run, {
      emit: events.emit,
      cancel,
      requests: () => roundTrips + requests(),
    });
    events.finish(answer);
    return { kind: "stored", answer };
  } catch (error) {
    return endUnstored(shared, run, events, describeError(error, run.request.log));
  }
}

/** The run goes on under another holder when its lease has run out. */
function startNotStored(deps: Deps, { request, turn }: Run, cause: unknown): PantheonError {
  request.log.warn("start_not_stored", { error: nameOfError(cause) });
  return unfinishedTurn(deps, turn.claim.turnId);
}

/** A resumed run goes on from answers that readers of its new log have not seen. */
async function sendSnapshot(deps: Deps, run: Run, events: RunEvents): Promise<void> {
  if (!isResumed(run)) return;
  const messages = await loadRunSnapshot(deps, run);
  events.snapshot(messages.map(toAgUiMessage));
}

/** The events of a run, written to its log. */
export function writeEvents(
  eventLog: EventLog,
  readers: LogReaders,
  { sessionId, runId }: Pick<Claim, "sessionId" | "runId">,
): RunEvents {
  const sink = {
    append: (event: object) => {
      eventLog.append(event);
      readers.checkPace(eventLog);
    },
    end: (event: object) => eventLog.end(event, runId),
  };
  return createRunEvents(sink, { threadId: sessionId, runId });
}
