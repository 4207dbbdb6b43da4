import { sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { checkpointBlobs, checkpoints, checkpointWrites, turnClaims, turnRuns } from "../schema.ts";

/** In one run of the daily job, oldest first; the next day takes the rest. */
const maxRuns = 5_000;

/**
 * Deletes the checkpoints of runs that were stored more than `days` ago, and of runs that are neither stored nor in flight
 * (they were refused after their first checkpoint). Returns the number of runs.
 */
export async function deleteOldCheckpoints(db: Db, days: number): Promise<number> {
  const old = sql`(select distinct k.thread_id from ${checkpoints} k
    left join ${turnRuns} r on r.id::text = k.thread_id
    left join ${turnClaims} c on c.run_id::text = k.thread_id
    where c.run_id is null and (r.id is null or r.created_at < now() - ${days} * interval '1 day')
    order by k.thread_id limit ${maxRuns})`;
  const [, , removed] = await askDatabase(db, () =>
    db.batch([
      db.execute(sql`delete from ${checkpointWrites} w where w.thread_id in ${old}`),
      db.execute(sql`delete from ${checkpointBlobs} b where b.thread_id in ${old}`),
      db.execute<{
        threads: number;
      }>(sql`with deleted as (delete from ${checkpoints} k where k.thread_id in ${old}
        returning k.thread_id) select count(distinct thread_id)::int as threads from deleted`),
    ]),
  );
  return removed.rows[0]?.threads ?? 0;
}
