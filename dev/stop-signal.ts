/** npm passes a signal on, and the terminal has already sent it to the whole process group: that is one Ctrl-C. */
const repeatMs = 500;

/** What a shell expects of a command that was stopped by Ctrl-C. */
export const stoppedExitCode = 130;

/**
 * Aborts at the first Ctrl-C, SIGTERM or hang-up, or when nobody reads standard output any more. The process is
 * then expected to end on its own. It is ended at the second signal, or when it has not ended after `maxStopMs`.
 */
export function stopSignal({
  notice = "Stopping. Ctrl-C once more ends at once.",
  maxStopMs = 10_000,
} = {}): AbortSignal {
  const stopping = new AbortController();
  let firstMs = 0;
  const stop = (line?: string) => {
    if (stopping.signal.aborted) return;
    firstMs = performance.now();
    if (line !== undefined) console.log(line);
    setTimeout(() => endNow(`Not everything stopped within ${maxStopMs / 1_000} s.`), maxStopMs).unref();
    stopping.abort(new Error("Stopped."));
  };
  const onSignal = () => {
    if (!stopping.signal.aborted) stop(notice);
    else if (performance.now() - firstMs > repeatMs) process.exit(stoppedExitCode);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onSignal);
  process.stdout.on("error", () => stop());
  return stopping.signal;
}

function endNow(reason: string): never {
  console.error(reason);
  process.exit(1);
}

/** Resolves when `signal` is aborted. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
