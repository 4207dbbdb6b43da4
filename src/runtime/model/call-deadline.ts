import type { AgentFailure } from "../../domain/turn/agent-failure.ts";

export type CallDeadline = {
  /** Aborts with an AgentFailure once a time has passed. */
  signal: AbortSignal;
  /** To be called when the first byte or a part of an answer has arrived. Restarts the time for the next one. */
  extend(): void;
  cancel(): void;
};

export type CallTimes = {
  /** To the first byte, over all attempts, and between the parts of an answer. */
  pieceMs: number;
  /** Of the whole call. */
  totalMs: number;
  now: () => number;
};

/** Parts arrive in hundreds. So none of them sets a timer: the timer that goes off looks how long ago the last part came. */
export function startCallDeadline({ pieceMs, totalMs, now }: CallTimes): CallDeadline {
  const controller = new AbortController();
  const failure: AgentFailure = {
    code: "model_timeout",
    message: "The model did not finish its answer in time.",
  };
  const abort = () => controller.abort(failure);
  let extendedMs: number | null = null;
  const endPiece = () => {
    if (extendedMs === null) return abort();
    pieceTimer = setTimeout(endPiece, Math.max(0, extendedMs + pieceMs - now()));
    extendedMs = null;
  };
  let pieceTimer = setTimeout(endPiece, pieceMs);
  const totalTimer = setTimeout(abort, totalMs);
  return {
    signal: controller.signal,
    extend() {
      extendedMs = now();
    },
    cancel() {
      clearTimeout(pieceTimer);
      clearTimeout(totalTimer);
    },
  };
}

/** Waits `ms`, or until the signal aborts. */
export async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => resolve();
  signal.addEventListener("abort", stop, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
}
