import { crons } from "../src/domain/crons.ts";

/**
 * Calls the Worker's scheduled handler, now and every minute, as the edge would: wrangler does not trigger crons
 * locally. `log` gets each failure. Returns a function that ends it.
 */
export function startSchedule(url: string, log: (line: string) => void): () => void {
  const stopped = new AbortController();
  const call = (cron: string) =>
    callScheduled(url, cron, stopped.signal).catch((error: unknown) => {
      if (!stopped.signal.aborted) log(`Scheduled: ${error}`);
    });
  void call(crons.daily);
  void call(crons.everyMinute);
  const timer = setInterval(() => void call(crons.everyMinute), 60_000);
  return () => {
    clearInterval(timer);
    stopped.abort();
  };
}

/** One run of the scheduled handler. Throws where it failed. */
export async function callScheduled(url: string, cron: string, signal?: AbortSignal): Promise<void> {
  const query = new URLSearchParams({ cron });
  const response = await fetch(
    `${url}/cdn-cgi/handler/scheduled?${query}`,
    signal === undefined ? {} : { signal },
  );
  if (!response.ok) throw new Error(`the handler of '${cron}' answered ${response.status}`);
}
