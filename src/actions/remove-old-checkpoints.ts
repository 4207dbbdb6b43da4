import { deleteOldCheckpoints } from "../db/checkpoint/old-checkpoints.ts";
import type { Deps } from "../deps.ts";

/** Removes the checkpoints of runs that ended longer ago than they are kept. */
export async function removeOldCheckpoints(deps: Deps): Promise<void> {
  const removed = await deleteOldCheckpoints(deps.db, deps.limits.checkpointRetentionDays);
  deps.log.info("checkpoints_removed", { runs: removed });
}
