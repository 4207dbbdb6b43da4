import { sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { CheckpointRows } from "../../domain/turn/checkpoint.ts";
import { prepareInserts } from "../core/prepared-insert.ts";
import { prepareStatement } from "../core/prepared-statement.ts";
import { checkpointBlobs, checkpoints, checkpointWrites } from "../schema.ts";
import { superstepOf } from "./stored-checkpoints.ts";

/** The statement that stores checkpoints; none where there are no rows. */
export function insertCheckpointRows({
  checkpoints: rows,
  blobs,
  writes,
}: CheckpointRows): BatchItem<"pg">[] {
  const once = {
    checkpoints: oncePerKey(
      rows,
      (row) => [row.threadId, row.checkpointNs, row.checkpointId],
      () => true,
    ),
    blobs: oncePerKey(
      blobs,
      (row) => [row.threadId, row.checkpointNs, row.channel, row.version],
      () => true,
    ),
    writes: oncePerKey(
      writes,
      (row) => [row.threadId, row.checkpointNs, row.checkpointId, row.taskId, row.idx],
      (row) => row.idx < 0,
    ),
  };
  return insertRows(
    once.checkpoints.map((row) => ({ ...row, type: null })),
    once.blobs,
    once.writes.map((row) => ({ ...row, taskPath: "" })),
  );
}

const threadId = sql.placeholder("threadId");
const deleteAll = prepareStatement<{ threadId: string }>(sql`
  with deleted_writes as (delete from ${checkpointWrites} where thread_id = ${threadId}),
    deleted_blobs as (delete from ${checkpointBlobs} where thread_id = ${threadId})
  delete from ${checkpoints} where thread_id = ${threadId}`);

/** Deletes all of a thread. */
export function deleteThread(threadId: string): BatchItem<"pg"> {
  return deleteAll({ threadId });
}

const deleteEarlier = prepareStatement<{ threadId: string }>(sql`
  with last as (
    select distinct on (k.checkpoint_ns) k.checkpoint_ns, k.checkpoint_id, k.checkpoint -> 'channel_versions' as versions
    from ${checkpoints} k where k.thread_id = ${threadId}
    order by k.checkpoint_ns, ${superstepOf(sql`k`)} desc, k.checkpoint_id desc
  ), deleted_writes as (
    delete from ${checkpointWrites} where thread_id = ${threadId}
  ), deleted_checkpoints as (
    delete from ${checkpoints} c where c.thread_id = ${threadId} and not exists (
      select 1 from last l where l.checkpoint_ns = c.checkpoint_ns and l.checkpoint_id = c.checkpoint_id)
  )
  delete from ${checkpointBlobs} b where b.thread_id = ${threadId} and not exists (
    select 1 from last l where l.checkpoint_ns = b.checkpoint_ns and l.versions ->> b.channel = b.version)`);

/** Deletes all of a finished thread but its last checkpoint and the values that it names. */
export function deleteEarlierCheckpoints(threadId: string): BatchItem<"pg"> {
  return deleteEarlier({ threadId });
}

const insertRows = prepareInserts<[typeof checkpoints, typeof checkpointBlobs, typeof checkpointWrites]>(
  {
    // Written again, a checkpoint has its last value.
    table: checkpoints,
    onConflict: `on conflict (thread_id, checkpoint_ns, checkpoint_id)
      do update set checkpoint = excluded.checkpoint, metadata = excluded.metadata`,
  },
  {
    // A version that a checkpoint names keeps its value as long as the thread goes on from its latest checkpoint. A version
    // that no checkpoint names is left over from one that a holder could not store whole; the next holder's value replaces it.
    table: checkpointBlobs,
    onConflict: `on conflict (thread_id, checkpoint_ns, channel, version)
      do update set type = excluded.type, blob = excluded.blob`,
  },
  {
    // The first writes of a task stay. Its marks (an error, an interrupt; `idx` below 0) are replaced by later ones.
    table: checkpointWrites,
    onConflict: `on conflict (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
      do update set channel = excluded.channel, type = excluded.type, blob = excluded.blob
      where checkpoint_writes.idx < 0`,
  },
);

/** One row for each key, as `on conflict do update` needs: the first, or a later one that replaces it. */
function oncePerKey<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => readonly unknown[],
  replaces: (row: Row) => boolean,
): Row[] {
  const kept = new Map<string, Row>();
  for (const row of rows) {
    const key = JSON.stringify(keyOf(row));
    if (replaces(row) || !kept.has(key)) kept.set(key, row);
  }
  return [...kept.values()];
}
