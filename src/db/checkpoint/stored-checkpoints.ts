import { and, desc, eq, lt, type SQL, sql } from "drizzle-orm";
import { fromHex } from "../core/bytea.ts";
import type { Db } from "../core/client.ts";
import { checkpointBlobs, checkpoints, checkpointWrites, turnClaims } from "../schema.ts";

export type CheckpointPlace = { threadId: string; checkpointNs: string; checkpointId?: string | undefined };

export type CheckpointFilter = Partial<CheckpointPlace> & {
  beforeId?: string | undefined;
  metadata?: Readonly<Record<string, unknown>> | undefined;
};

type SerializedValue = { type: string; blob: Uint8Array };

/** One checkpoint with all that belongs to it: no row, or one. Without an id: the latest. */
export function selectCheckpoint(db: Db, place: CheckpointPlace) {
  return selectCheckpoints(db, place).limit(1);
}

/** Latest step first; one statement, so one snapshot, whatever is written meanwhile. */
export function selectCheckpoints(db: Db, filter: CheckpointFilter) {
  return selectWhere(db, matches(filter), sendsOfParent);
}

/**
 * The step of a checkpoint of this table or alias. A thread's checkpoints are ordered by it: their ids hold the
 * clock of the Worker that made them, and the Worker that goes on with a run may have another time.
 */
export function stepOf(table: SQL): SQL {
  return sql`coalesce((${table}.metadata ->> 'step')::int, -1)`;
}

/** The id of a thread's latest checkpoint, as a subquery. */
export function latestCheckpointId(threadId: SQL): SQL {
  return sql`(select k.checkpoint_id from ${checkpoints} k
    where k.thread_id = ${threadId} and k.checkpoint_ns = ''
    order by ${stepOf(sql`k`)} desc, k.checkpoint_id desc limit 1)`;
}

/** The latest checkpoint of the run that a holder took over; of a run of its own there is nothing to read. */
export function selectCheckpointOfClaim(
  db: Db,
  { sessionId, holder }: { sessionId: string; holder: string },
) {
  const threadId = sql`(select c.run_id::text from ${turnClaims} c
    where c.session_id = ${sessionId} and c.holder = ${holder}::uuid and c.past_holders <> '[]'::jsonb)`;
  const isLatest = and(
    eq(checkpoints.threadId, threadId),
    eq(checkpoints.checkpointNs, ""),
    eq(checkpoints.checkpointId, latestCheckpointId(threadId)),
  );
  return selectWhere(db, isLatest, noSends).limit(1);
}

export type StoredCheckpoint = Awaited<ReturnType<typeof selectWhere>>[number];

function selectWhere(db: Db, condition: SQL | undefined, parentSends: typeof sendsOfParent) {
  return db
    .select({
      threadId: checkpoints.threadId,
      checkpointNs: checkpoints.checkpointNs,
      checkpointId: checkpoints.checkpointId,
      parentCheckpointId: checkpoints.parentCheckpointId,
      checkpoint: checkpoints.checkpoint,
      metadata: checkpoints.metadata,
      blobs: blobsOfCheckpoint,
      writes: writesOfCheckpoint,
      parentSends,
    })
    .from(checkpoints)
    .where(condition)
    .orderBy(sql`${stepOf(sql`${checkpoints}`)} desc`, desc(checkpoints.checkpointId));
}

function matches({ threadId, checkpointNs, checkpointId, beforeId, metadata }: CheckpointFilter) {
  return and(
    threadId === undefined ? undefined : eq(checkpoints.threadId, threadId),
    checkpointNs === undefined ? undefined : eq(checkpoints.checkpointNs, checkpointNs),
    checkpointId === undefined ? undefined : eq(checkpoints.checkpointId, checkpointId),
    beforeId === undefined ? undefined : lt(checkpoints.checkpointId, beforeId),
    metadata === undefined ? undefined : sql`${checkpoints.metadata} @> ${JSON.stringify(metadata)}::jsonb`,
  );
}

const blobsOfCheckpoint = jsonRows<SerializedValue & { channel: string }>(sql`
  select b.channel, b.type, encode(b.blob, 'hex') as blob
  from ${checkpointBlobs} b
  where b.thread_id = ${checkpoints}.thread_id and b.checkpoint_ns = ${checkpoints}.checkpoint_ns
    and b.version = ${checkpoints}.checkpoint -> 'channel_versions' ->> b.channel and b.type <> 'empty'`);

const writesOfCheckpoint = jsonRows<SerializedValue & { taskId: string; channel: string }>(sql`
  select w.task_id as "taskId", w.channel, w.type, encode(w.blob, 'hex') as blob
  from ${checkpointWrites} w
  where w.thread_id = ${checkpoints}.thread_id and w.checkpoint_ns = ${checkpoints}.checkpoint_ns
    and w.checkpoint_id = ${checkpoints}.checkpoint_id
  order by w.task_id, w.idx`);

/** Formats before 4 kept what tasks sent in the parent's writes only. */
const sendsOfParent = jsonRows<SerializedValue>(sql`
  select w.type, encode(w.blob, 'hex') as blob
  from ${checkpointWrites} w
  where (${checkpoints}.checkpoint ->> 'v')::int < 4
    and w.thread_id = ${checkpoints}.thread_id and w.checkpoint_ns = ${checkpoints}.checkpoint_ns
    and w.checkpoint_id = ${checkpoints}.parent_checkpoint_id and w.channel = '__pregel_tasks'
  order by w.task_path, w.task_id, w.idx`);

/** Our own runs are of format 4. Every open plans this statement, though few have anything to read. */
const noSends = sql`'[]'::json`.mapWith((): SerializedValue[] => []);

/** A subquery's rows, in its order, as one JSON list; its column `blob` is hex on the way. */
function jsonRows<Row extends SerializedValue>(subquery: SQL) {
  type HexRow = Omit<Row, "blob"> & { blob: string };
  return sql`(select coalesce(json_agg(r), '[]') from (${subquery}) r)`.mapWith((rows: HexRow[]) =>
    rows.map((row) => ({ ...row, blob: fromHex(row.blob) })),
  );
}
