import { loadAbandonedRuns } from "../db/turn/take-over-run.ts";
import type { Deps } from "../deps.ts";
import { nameOfError } from "../domain/error-name.ts";
import { recoverRun } from "./recover.ts";
import { stopCancelledRun } from "./stop-cancelled-run.ts";

/** In one call of the scheduled job; the next minute takes the rest. */
const maxRuns = 50;

/** Recovers the runs whose holders are gone, and ends those that were cancelled. A run that fails does not stop the others. */
export async function recoverAbandonedRuns(deps: Deps): Promise<void> {
  const abandoned = await loadAbandonedRuns(deps.db, deps.settings.resumeWindowMs, maxRuns);
  for (const run of abandoned) {
    const ended = run.isCancelled ? stopCancelledRun(deps, run, deps.log) : recoverRun(deps, run, deps.log);
    await ended.catch((error: unknown) => {
      deps.log.error("recovery_failed", { run_id: run.runId, error: nameOfError(error) });
    });
  }
}
