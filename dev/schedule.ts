/** The crons of wrangler.toml; wrangler does not trigger them locally. */
const everyMinute = "* * * * *";
const daily = "17 3 * * *";

/**
 * Calls the Worker's scheduled handler, now and every minute, as the edge would. `log` is told of a failure.
 * Gives what ends it.
 */
export function startSchedule(url: string, log: (line: string) => void): () => void {
  const call = (cron: string) =>
    callScheduled(url, cron).catch((error: unknown) => log(`Scheduled: ${error}`));
  void call(daily);
  void call(everyMinute);
  const timer = setInterval(() => void call(everyMinute), 60_000);
  return () => clearInterval(timer);
}

/** One run of the scheduled handler. Throws where it failed. */
async function callScheduled(url: string, cron = everyMinute): Promise<void> {
  const response = await fetch(`${url}/cdn-cgi/handler/scheduled?${new URLSearchParams({ cron })}`);
  if (!response.ok) throw new Error(`the handler of '${cron}' answered ${response.status}`);
}
