import type { AgentFailure } from "../../domain/turn/agent-failure.ts";

/** Aborts its signal after so many milliseconds. */
export function startTimeout(timeoutMs: number) {
  const controller = new AbortController();
  const failure: AgentFailure = {
    code: "model_timeout",
    message: "The model did not finish its answer in time.",
  };
  const timer = setTimeout(() => controller.abort(failure), timeoutMs);
  return { signal: controller.signal, cancel: () => clearTimeout(timer) };
}

/** Rejects as soon as the signal aborts: the SDK sleeps through an abort between two attempts. */
export async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  work.catch(() => undefined);
  try {
    await Promise.race([work, aborted.promise]);
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
