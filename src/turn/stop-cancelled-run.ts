import type { CancelledRun } from "../db/turn/cancel-claim.ts";
import type { Deps } from "../deps.ts";
import { nameOfError } from "../domain/error-name.ts";
import type { Log } from "../domain/log.ts";
import { settleRun, within } from "./recover.ts";

/** How long the host of a session may take to abort its run. */
const hostWaitMs = 500;

/**
 * Ends a run whose claim is marked as cancelled. The host that executes it aborts its calls and stores the turn. Where none
 * does, the run is taken over, whatever its lease, and settled here: the fence refuses every later write of its holder.
 * Never rejects: the claim stays cancelled, and recovery ends the run.
 */
export async function stopCancelledRun(deps: Deps, run: CancelledRun, requestLog: Log): Promise<void> {
  const log = requestLog.with({ run_id: run.runId });
  const isHosted = await abortOnHost(deps, run, log);
  log.info("run_cancelled", { hosted: isHosted });
  if (isHosted) return;
  try {
    await settleRun(deps, run, log, run.holder);
  } catch (error) {
    log.error("recovery_failed", { error: nameOfError(error) });
  }
}

async function abortOnHost(deps: Deps, { sessionId, runId }: CancelledRun, log: Log): Promise<boolean> {
  try {
    return await within(hostWaitMs, deps.hosts(sessionId).cancel({ runId }));
  } catch (error) {
    log.warn("host_not_reached", { error: nameOfError(error) });
    return false;
  }
}
