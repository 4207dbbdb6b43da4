import { loadDeadRuns } from "../db/turn/take-over-run.ts";
import type { Deps } from "../deps.ts";
import { settleRun } from "./settle-run.ts";

/** So many in one go; the next minute takes the rest. */
const mostRuns = 50;

/** Settles the runs whose holders are gone. One that fails does not keep the others; gives how many it met. */
export async function settleAbandonedTurns(deps: Deps): Promise<number> {
  const dead = await loadDeadRuns(deps.db, deps.limits.resumeWindowMs, mostRuns);
  for (const run of dead) {
    await settleRun(deps, run, deps.log).catch((error: unknown) => {
      deps.log.error("settling_failed", {
        run_id: run.runId,
        error: error instanceof Error ? error.name : "unknown",
      });
    });
  }
  return dead.length;
}
