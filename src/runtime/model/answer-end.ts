import { type AnswerState, hasStarted } from "./answer-state.ts";

/** How long an open connection is read after the end of an answer: the usage may follow. */
const usageWaitMs = 2_000;
/** The same after usage was reported: a larger report may follow. */
const lateUsageWaitMs = 200;

export type AnswerEnd = {
  /** To be called after every chunk. True: the answer is over. */
  isReached(answer: AnswerState): boolean;
  cancel(): void;
};

/** Decides when an answer is over although its connection stays open. Calls `stop` when a time limit ends it. */
export function watchAnswerEnd(stop: () => void): AnswerEnd {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let waitMs: number | null = null;
  return {
    isReached(answer) {
      if (answer.isDone) return true;
      const isFailed = answer.error !== null;
      if (isFailed && !hasStarted(answer)) return true;
      if (!isFailed && answer.finishReason === null) return false;
      const wantedMs = answer.hasFinalUsage ? lateUsageWaitMs : usageWaitMs;
      if (waitMs === wantedMs) return false;
      waitMs = wantedMs;
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(stop, wantedMs);
      return false;
    },
    cancel() {
      if (timer !== null) clearTimeout(timer);
    },
  };
}
