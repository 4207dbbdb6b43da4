import type { AgentFailure } from "../../domain/turn/agent-failure.ts";

export type CallDeadline = {
  /** Aborts with an AgentFailure once a time has passed. */
  signal: AbortSignal;
  /** To be called when the first byte or a part of an answer has arrived. Restarts the time for the next one. */
  extend(): void;
  cancel(): void;
};

/** `pieceMs`: to the first byte, over all attempts, and between the parts of an answer. `totalMs`: of the whole call. */
export function startCallDeadline({ pieceMs, totalMs }: { pieceMs: number; totalMs: number }): CallDeadline {
  const controller = new AbortController();
  const failure: AgentFailure = {
    code: "model_timeout",
    message: "The model did not finish its answer in time.",
  };
  const abort = () => controller.abort(failure);
  let pieceTimer = setTimeout(abort, pieceMs);
  const totalTimer = setTimeout(abort, totalMs);
  return {
    signal: controller.signal,
    extend() {
      clearTimeout(pieceTimer);
      pieceTimer = setTimeout(abort, pieceMs);
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
