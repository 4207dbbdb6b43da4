import { and, desc, eq, type SQL, sql } from "drizzle-orm";
import type { StoredCheckpoint } from "../../domain/turn/checkpoint.ts";
import { textLists } from "../../domain/turn/turn-limiter.ts";
import { fromHex } from "../core/bytea.ts";
import { type Db, ResponseTooLarge } from "../core/client.ts";
import { checkpointBlobs, checkpoints, checkpointWrites } from "../schema.ts";

/**
 * The superstep of a checkpoint, for this table or alias. A thread's checkpoints are ordered by it, not by their ids: an
 * id contains the clock of the Worker that made it, and another Worker's clock may be behind.
 */
export function superstepOf(table: SQL): SQL {
  return sql`coalesce((${table}.metadata ->> 'step')::int, -1)`;
}

/** The id of a thread's latest checkpoint, as a subquery. */
export function latestCheckpointId(threadId: SQL): SQL {
  return sql`(select k.checkpoint_id from ${checkpoints} k
    where k.thread_id = ${threadId} and k.checkpoint_ns = ''
    order by ${superstepOf(sql`k`)} desc, k.checkpoint_id desc limit 1)`;
}

/** Whether a checkpoint is read with the lists that contain texts. Without them it is small, and still has its calls. */
export type Texts = "with_texts" | "without_texts";

/** Reads a checkpoint with its texts, and without them where the database gives no answer of that size. */
export async function readWithTexts<T>(read: (texts: Texts) => Promise<T>): Promise<T> {
  try {
    return await read("with_texts");
  } catch (error) {
    if (!(error instanceof ResponseTooLarge)) throw error;
    return read("without_texts");
  }
}

/** The latest checkpoint of a thread. */
export function isLatestCheckpoint(threadId: SQL): SQL | undefined {
  return and(
    eq(checkpoints.threadId, threadId),
    eq(checkpoints.checkpointNs, ""),
    eq(checkpoints.checkpointId, latestCheckpointId(threadId)),
  );
}

/** Latest checkpoint first. One statement reads one snapshot of the tables. */
export function selectCheckpoints(db: Db, condition: SQL | undefined, texts: Texts = "with_texts") {
  return db
    .select(checkpointColumns(texts))
    .from(checkpoints)
    .where(condition)
    .orderBy(sql`${superstepOf(sql`${checkpoints}`)} desc`, desc(checkpoints.checkpointId));
}

/** A checkpoint with its values and writes, as it is selected. */
export function checkpointColumns(texts: Texts) {
  const isRead = texts === "with_texts" ? sql`true` : isNoText;
  return {
    threadId: checkpoints.threadId,
    checkpointNs: checkpoints.checkpointNs,
    checkpointId: checkpoints.checkpointId,
    parentCheckpointId: checkpoints.parentCheckpointId,
    checkpoint: checkpoints.checkpoint,
    metadata: checkpoints.metadata,
    blobs: blobsOfCheckpoint(isRead),
    writes: writesOfCheckpoint(isRead),
    lacksTexts: sql<boolean>`${sql.raw(String(texts === "without_texts"))}`,
  };
}

/** A part of a list is named after it: `replies#3`. */
const isNoText = sql`split_part(channel, '#', 1) not in (${sql.raw(textLists.map((name) => `'${name}'`).join(", "))})`;

const blobsOfCheckpoint = (isRead: SQL) =>
  jsonRows<StoredCheckpoint["blobs"][number]>(sql`
  select b.channel, b.type, encode(b.blob, 'hex') as blob
  from ${checkpointBlobs} b
  where b.thread_id = ${checkpoints}.thread_id and b.checkpoint_ns = ${checkpoints}.checkpoint_ns
    and b.version = ${checkpoints}.checkpoint -> 'channel_versions' ->> b.channel and b.type <> 'empty'
    and ${isRead}`);

const writesOfCheckpoint = (isRead: SQL) =>
  jsonRows<StoredCheckpoint["writes"][number]>(sql`
  select w.task_id as "taskId", w.channel, w.type, encode(w.blob, 'hex') as blob
  from ${checkpointWrites} w
  where w.thread_id = ${checkpoints}.thread_id and w.checkpoint_ns = ${checkpoints}.checkpoint_ns
    and w.checkpoint_id = ${checkpoints}.checkpoint_id and ${isRead}
  order by w.task_id, w.idx`);

/** A subquery's rows, in its order, as one JSON list. Its column `blob` is sent as hex. */
function jsonRows<Row extends { blob: Uint8Array }>(subquery: SQL) {
  type HexRow = Omit<Row, "blob"> & { blob: string };
  return sql`(select coalesce(json_agg(r), '[]') from (${subquery}) r)`.mapWith((rows: HexRow[]) =>
    rows.map((row) => ({ ...row, blob: fromHex(row.blob) })),
  );
}
