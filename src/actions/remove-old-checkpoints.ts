import { deleteOldCheckpoints } from "../db/checkpoint/old-checkpoints.ts";
import type { Deps } from "../deps.ts";

/** Removes checkpoints of finished runs after their retention time. */
export async function removeOldCheckpoints(deps: Deps): Promise<void> {
  const removed = await deleteOldCheckpoints(deps.db, deps.settings.checkpointRetentionDays);
  deps.log.info("checkpoints_removed", { runs: removed });
}
