import { eq, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { CheckpointRows } from "../../domain/turn/checkpoint.ts";
import type { Db } from "../core/client.ts";
import { prepareInsert } from "../core/prepared-insert.ts";
import { prepareStatement } from "../core/prepared-statement.ts";
import { checkpointBlobs, checkpoints, checkpointWrites } from "../schema.ts";
import { superstepOf } from "./stored-checkpoints.ts";

/** The statements that store checkpoints; at most one per table, and none where there are no rows. */
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
  return [
    ...insertCheckpoints(once.checkpoints.map((row) => ({ ...row, type: null }))),
    ...insertBlobs(once.blobs),
    ...insertWrites(once.writes.map((row) => ({ ...row, taskPath: "" }))),
  ];
}

/** The statements that delete all of a thread. */
export function deleteThread(db: Db, threadId: string): BatchItem<"pg">[] {
  return [checkpoints, checkpointBlobs, checkpointWrites].map((table) =>
    db.delete(table).where(eq(table.threadId, threadId)),
  );
}

const threadId = sql.placeholder("threadId");
const deleteWritesOf = prepareStatement<{ threadId: string }>(
  sql`delete from ${checkpointWrites} where thread_id = ${threadId}`,
);
const deleteEarlierOf = prepareStatement<{ threadId: string }>(
  sql`delete from ${checkpoints} c where c.thread_id = ${threadId} and exists (
    select 1 from ${checkpoints} later where later.thread_id = c.thread_id
      and later.checkpoint_ns = c.checkpoint_ns
      and (${superstepOf(sql`later`)}, later.checkpoint_id) > (${superstepOf(sql`c`)}, c.checkpoint_id))`,
);
const deleteUnnamedOf = prepareStatement<{ threadId: string }>(
  sql`delete from ${checkpointBlobs} b where b.thread_id = ${threadId} and not exists (
    select 1 from ${checkpoints} c where c.thread_id = b.thread_id and c.checkpoint_ns = b.checkpoint_ns
      and c.checkpoint -> 'channel_versions' ->> b.channel = b.version)`,
);

/** The statements that delete all of a finished thread but its last checkpoint and the values that it names. */
export function deleteEarlierCheckpoints(threadId: string): BatchItem<"pg">[] {
  return [deleteWritesOf({ threadId }), deleteEarlierOf({ threadId }), deleteUnnamedOf({ threadId })];
}

/** Written again, a checkpoint has its last value. */
const insertCheckpoints = prepareInsert(
  checkpoints,
  `on conflict (thread_id, checkpoint_ns, checkpoint_id)
   do update set checkpoint = excluded.checkpoint, metadata = excluded.metadata`,
);

/**
 * A version that a checkpoint names keeps its value as long as the thread goes on from its latest checkpoint. A version that
 * no checkpoint names is left over from one that a holder could not store whole; the next holder's value replaces it.
 */
const insertBlobs = prepareInsert(
  checkpointBlobs,
  `on conflict (thread_id, checkpoint_ns, channel, version)
   do update set type = excluded.type, blob = excluded.blob`,
);

/** The first writes of a task stay. Its marks (an error, an interrupt; `idx` below 0) are replaced by later ones. */
const insertWrites = prepareInsert(
  checkpointWrites,
  `on conflict (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
   do update set channel = excluded.channel, type = excluded.type, blob = excluded.blob
   where checkpoint_writes.idx < 0`,
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
