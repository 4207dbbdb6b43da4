import { loadTurnState } from "../db/turn/turn-state.ts";
import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import { endedEntryError } from "../domain/turn/queued-turn.ts";
import { runError } from "../http/ag-ui/ag-ui-events.ts";
import type { HostJoin, QueuedRequest } from "../turn/session-host.ts";
import { toFrame } from "./event-log.ts";
import { type HostedRun, toProblem } from "./hosted-run.ts";
import type { HostedRuns } from "./hosted-runs.ts";
import { keepAliveMs } from "./log-readers.ts";
import type { Signal } from "./signal.ts";

/** What came of a turn that waited. */
export type WaitEnd =
  | { kind: "hosted"; hosted: HostedRun }
  /** It was refused, cancelled, or is gone. */
  | { kind: "ended"; error: PantheonError }
  /** It is stored already, or another object executes it. */
  | { kind: "elsewhere"; isStored: boolean };

/** How often Postgres is asked for a turn that waits: another object, or a Worker, may have ended its wait. */
const pollMs = 15_000;
/** A turn that runs elsewhere may be one that is just being started here. */
const maxLiveReads = 2;

type StartWait = { deps: Deps; changed: Signal; runs: Pick<HostedRuns, "find"> };

/** Waits until a turn that waits has started here, or waits no more. */
export async function untilStarted(
  { deps, changed, runs }: StartWait,
  { sessionId, userId, turnId }: QueuedRequest,
): Promise<WaitEnd> {
  for (let liveReads = 0; ; ) {
    const change = changed.changed();
    const hosted = runs.find(turnId);
    if (hosted !== undefined) return { kind: "hosted", hosted };
    const state = await loadState(deps, { sessionId, userId, turnId });
    if (state.kind === "ended") return state;
    if (state.kind === "stored") return { kind: "elsewhere", isStored: true };
    if (state.kind === "live" && liveReads++ === maxLiveReads) return { kind: "elsewhere", isStored: false };
    await Promise.race([change, scheduler.wait(pollMs)]);
  }
}

/** What whoever waited for the turn is answered. */
export async function answerStarted(started: WaitEnd): Promise<HostJoin> {
  switch (started.kind) {
    case "hosted":
      return started.hosted.answer;
    case "ended":
      return { kind: "failed", problem: toProblem(started.error) };
    case "elsewhere":
      return { kind: started.isStored ? "ended" : "unknown" };
  }
}

async function loadState(deps: Deps, { sessionId, userId, turnId }: QueuedRequest) {
  try {
    const state = await loadTurnState(deps.db, { sessionId, userId }, turnId);
    return state.kind === "ended" ? ({ kind: "ended", error: endedEntryError(state) } as const) : state;
  } catch (error) {
    if (error instanceof PantheonError && error.code === "not_found")
      return { kind: "ended", error } as const;
    // The database does not answer: the turn waits, as far as is known.
    return { kind: "queued" } as const;
  }
}

const encoder = new TextEncoder();
const waiting = encoder.encode(": the turn waits\n\n");

export type QueuedReader = {
  turnId: string;
  started: Promise<WaitEnd>;
  /** Opens the events of the run. */
  read: (hosted: HostedRun) => ReadableStream<Uint8Array>;
  /** Called once the stream needs nothing more of the object but the run's events. */
  onStart: () => void;
};

/** Comments until the turn starts, then its events. A turn that runs elsewhere ends the stream: its reader rejoins. */
export function readQueued({ turnId, started, read, onStart }: QueuedReader): ReadableStream<Uint8Array> {
  let events: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let hasComment = false;
  const follow = (found: WaitEnd, controller: ReadableByteStreamController) => {
    onStart();
    if (found.kind === "hosted") {
      events = read(found.hosted).getReader();
      return;
    }
    if (found.kind === "ended") {
      controller.enqueue(encoder.encode(toFrame(`${turnId}.end`, runError(found.error))));
    }
    controller.close();
  };
  const source: UnderlyingByteSource = {
    type: "bytes",
    async pull(controller) {
      if (events === undefined) {
        const found = await Promise.race([started, scheduler.wait(hasComment ? keepAliveMs : 0)]);
        hasComment = true;
        if (found === undefined) return controller.enqueue(waiting.slice());
        follow(found, controller);
      }
      const part = await events?.read();
      if (part === undefined) return;
      if (part.done) controller.close();
      else controller.enqueue(part.value.slice());
    },
    async cancel(reason) {
      onStart();
      await events?.cancel(reason);
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
