import { sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { checkpointBlobs, checkpoints, checkpointWrites, turnClaims, turnRuns } from "../schema.ts";

/** In one request, oldest first. */
export const maxOldRuns = 5_000;

/**
 * Deletes the checkpoints of runs that were stored more than `days` ago, and of runs that are neither stored nor in flight
 * (they were refused after their first checkpoint). Returns the number of runs; `maxOldRuns`: there may be more.
 */
export async function deleteOldCheckpoints(db: Db, days: number): Promise<number> {
  // The thread's id is cast, and not the run's, so that the run is found by its index.
  const { rows } = await askDatabase(db, () =>
    db.execute<{ runs: number }>(sql`
      with old as materialized (
        select k.thread_id from ${checkpoints} k
          left join ${turnRuns} r on r.id = k.thread_id::uuid
          left join ${turnClaims} c on c.run_id = k.thread_id::uuid
        where c.run_id is null and (r.id is null or r.created_at < now() - ${days} * interval '1 day')
        group by k.thread_id order by k.thread_id limit ${maxOldRuns}
      ), deleted_writes as (
        delete from ${checkpointWrites} w using old where w.thread_id = old.thread_id
      ), deleted_blobs as (
        delete from ${checkpointBlobs} b using old where b.thread_id = old.thread_id
      ), deleted as (
        delete from ${checkpoints} k using old where k.thread_id = old.thread_id
      )
      select count(*)::int as runs from old`),
  );
  return rows[0]?.runs ?? 0;
}
