import { deleteOldCheckpoints, maxOldRuns } from "../db/checkpoint/old-checkpoints.ts";
import type { Deps } from "../deps.ts";

/** A job may take 15 minutes; the next day takes the rest. */
const maxJobMs = 10 * 60_000;

/** Removes checkpoints of finished runs after their retention time. */
export async function removeOldCheckpoints({ db, log, nowMs, settings }: Deps): Promise<void> {
  const startedMs = nowMs();
  let runs = 0;
  for (let removed = maxOldRuns; removed === maxOldRuns && nowMs() - startedMs < maxJobMs; runs += removed) {
    removed = await deleteOldCheckpoints(db, settings.checkpointRetentionDays);
  }
  log.info("checkpoints_removed", { runs });
}
