import { env } from "cloudflare:workers";
import { removeOldCheckpoints } from "./actions/remove-old-checkpoints.ts";
import { createApp } from "./app.ts";
import { parseConfig } from "./config.ts";
import { createDeps } from "./deps.ts";
import { recoverAbandonedRuns } from "./turn/recover.ts";

// At start, not at the first request: a Worker with a bad setting refuses to start, and says which.
const deps = createDeps(parseConfig({ ...env }));
const app = createApp(deps);

/** The daily job's schedule in wrangler.toml; every other one is the recovery's. */
const daily = "17 3 * * *";

export default {
  fetch: app.fetch,
  async scheduled({ cron }: { cron: string }): Promise<void> {
    const work = cron === daily ? removeOldCheckpoints(deps) : recoverAbandonedRuns(deps);
    await work.catch(refuseJob);
  },
};

/** The platform logs what is thrown, and a database error's own text can hold stored values. */
function refuseJob(error: unknown): never {
  deps.log.error("scheduled_job_failed", { error: error instanceof Error ? error.name : "unknown" });
  throw new Error("The scheduled job failed.");
}
