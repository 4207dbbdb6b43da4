import { env } from "cloudflare:workers";
import { purgeDeleted } from "./actions/purge-deleted.ts";
import { removeEndedEntries } from "./actions/remove-ended-entries.ts";
import { removeOldCheckpoints } from "./actions/remove-old-checkpoints.ts";
import { sweepFileBytes } from "./actions/sweep-file-bytes.ts";
import { wakeWaitingFiles } from "./actions/wake-waiting-files.ts";
import { createApp } from "./app.ts";
import { parseConfig } from "./config.ts";
import { createDeps } from "./deps.ts";
import { crons } from "./domain/crons.ts";
import { nameOfError } from "./domain/error-name.ts";
import { SessionObject } from "./live/session-object.ts";
import { wakeIdleQueues } from "./turn/queue.ts";
import { recoverAbandonedRuns } from "./turn/recover-abandoned.ts";

// At start, not at the first request: a Worker with a bad setting does not start, and names it.
const deps = createDeps(parseConfig({ ...env }));
const app = createApp(deps);

/** The Durable Object of a session; wrangler.toml names this class. */
export class LiveSession extends SessionObject {
  protected override get deps(): typeof deps {
    return deps;
  }
}

export default {
  fetch: app.fetch,
  async scheduled({ cron }: { cron: string }): Promise<void> {
    const jobs =
      cron === crons.daily
        ? [removeOldCheckpoints, removeEndedEntries, purgeDeleted, sweepFileBytes]
        : [recoverAbandonedRuns, wakeIdleQueues, wakeWaitingFiles];
    // A job that fails does not stop the others.
    const results = await Promise.allSettled(jobs.map((job) => job(deps)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) failJob(failed.reason);
  },
};

/** Throws an error without the cause: the platform logs it, and a database error can contain stored values. */
function failJob(error: unknown): never {
  deps.log.error("scheduled_job_failed", { error: nameOfError(error) });
  throw new Error("The scheduled job failed.");
}
