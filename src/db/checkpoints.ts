import { eq, lt, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { type Db, repeatLost } from "./client.ts";
import { checkpointBlobs, checkpoints, checkpointWrites } from "./schema.ts";
import {
  type CheckpointFilter,
  type CheckpointPlace,
  selectCheckpoint,
  selectCheckpoints,
} from "./stored-checkpoints.ts";

type CheckpointRow = typeof checkpoints.$inferInsert;
type BlobRow = typeof checkpointBlobs.$inferInsert;
type WriteRow = typeof checkpointWrites.$inferInsert;

/** Rows that are stored together. */
export type StepRows = {
  checkpoints: readonly CheckpointRow[];
  blobs: readonly BlobRow[];
  writes: readonly WriteRow[];
};

/**
 * LangGraph's checkpoints over Neon, as its saver in src/runtime/checkpoint asks for them, without a fence.
 * Each call is one request, and repeated while its answer is lost.
 * @throws PantheonError `database_unavailable`; what Postgres refuses, as it came.
 */
export function createCheckpointPort(db: Db) {
  return {
    read: async (place: CheckpointPlace) => {
      const { result } = await repeatLost(() => selectCheckpoint(db, place).execute());
      return result[0];
    },
    list: async ({ limit, ...filter }: CheckpointFilter & { limit?: number | undefined }) => {
      const { result } = await repeatLost(() => {
        const query = selectCheckpoints(db, filter);
        return limit === undefined ? query.execute() : query.limit(limit).execute();
      });
      return result;
    },
    store: (step: StepRows) => runBatch(db, () => insertStep(db, step)),
    deleteThread: (threadId: string) => runBatch(db, () => deleteThread(db, threadId)),
  };
}

/** The statements that store steps; at most one per table, and none where there are no rows. */
export function insertStep(db: Db, { checkpoints: rows, blobs, writes }: StepRows): BatchItem<"pg">[] {
  return [...insertCheckpoints(db, rows), ...insertBlobs(db, blobs), ...insertWrites(db, writes)];
}

/** The statements that delete all of a thread. */
export function deleteThread(db: Db, threadId: string): BatchItem<"pg">[] {
  return [checkpoints, checkpointBlobs, checkpointWrites].map((table) =>
    db.delete(table).where(eq(table.threadId, threadId)),
  );
}

/** The statements that leave nothing of a finished thread but its last checkpoint and that one's values. */
export function deleteEarlierSteps(db: Db, threadId: string): BatchItem<"pg">[] {
  return [
    db.delete(checkpointWrites).where(eq(checkpointWrites.threadId, threadId)),
    db.execute(sql`delete from ${checkpoints} c where c.thread_id = ${threadId} and exists (
      select 1 from ${checkpoints} later where later.thread_id = c.thread_id
        and later.checkpoint_ns = c.checkpoint_ns and later.checkpoint_id > c.checkpoint_id)`),
    db.execute(sql`delete from ${checkpointBlobs} b where b.thread_id = ${threadId} and not exists (
      select 1 from ${checkpoints} c where c.thread_id = b.thread_id and c.checkpoint_ns = b.checkpoint_ns
        and c.checkpoint -> 'channel_versions' ->> b.channel = b.version)`),
  ];
}

function insertCheckpoints(db: Db, rows: readonly CheckpointRow[]): BatchItem<"pg">[] {
  if (rows.length === 0) return [];
  const { threadId, checkpointNs, checkpointId } = checkpoints;
  const keyOf = (row: CheckpointRow) => [row.threadId, row.checkpointNs, row.checkpointId];
  return [
    db
      .insert(checkpoints)
      .values(oncePerKey(rows, keyOf, () => true))
      .onConflictDoUpdate({
        target: [threadId, checkpointNs, checkpointId],
        set: { checkpoint: sql`excluded.checkpoint`, metadata: sql`excluded.metadata` },
      }),
  ];
}

/** A version has one value for good, as long as a thread goes on from its latest checkpoint and never forks. */
function insertBlobs(db: Db, rows: readonly BlobRow[]): BatchItem<"pg">[] {
  if (rows.length === 0) return [];
  return [
    db
      .insert(checkpointBlobs)
      .values([...rows])
      .onConflictDoNothing(),
  ];
}

/** A task's writes stay as they were first; its marks (an error, an interrupt) are replaced by later ones. */
function insertWrites(db: Db, rows: readonly WriteRow[]): BatchItem<"pg">[] {
  if (rows.length === 0) return [];
  const { threadId, checkpointNs, checkpointId, taskId, idx } = checkpointWrites;
  const keyOf = (row: WriteRow) => [row.threadId, row.checkpointNs, row.checkpointId, row.taskId, row.idx];
  return [
    db
      .insert(checkpointWrites)
      .values(oncePerKey(rows, keyOf, (row) => row.idx < 0))
      .onConflictDoUpdate({
        target: [threadId, checkpointNs, checkpointId, taskId, idx],
        set: { channel: sql`excluded.channel`, type: sql`excluded.type`, blob: sql`excluded.blob` },
        setWhere: lt(idx, 0),
      }),
  ];
}

/** A statement with `on conflict do update` may meet a key only once: the first row, or a later that replaces. */
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

async function runBatch(db: Db, buildStatements: () => BatchItem<"pg">[]): Promise<void> {
  const [first, ...rest] = buildStatements();
  if (first !== undefined) await repeatLost(() => db.batch([first, ...rest]));
}
