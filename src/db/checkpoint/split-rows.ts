import { jsonBytes } from "../../domain/text/json-bytes.ts";
import { type CheckpointRows, joinRows, noRows } from "../../domain/turn/checkpoint.ts";

/** Bytes of rows in one request. The endpoint takes 10 MiB; a smaller request is also faster. */
const maxPartBytes = 2 * 1_024 * 1_024;

/** Bytes of a row's ids, names and punctuation. */
const rowBytes = 400;

type Row = { blob: Uint8Array | null };
const blobBytes = ({ blob }: Row) => rowBytes + 2 * (blob?.byteLength ?? 0);

/** Bytes of rows as they are sent: binary values as hex, JSON as a string in JSON. */
export function sizeOfRows({ checkpoints, blobs, writes }: CheckpointRows): number {
  const json = checkpoints.reduce(
    (sum, row) => sum + rowBytes + 2 * (jsonBytes(row.checkpoint) + jsonBytes(row.metadata)),
    0,
  );
  return [...blobs, ...writes].reduce((sum, row) => sum + blobBytes(row), json);
}

/**
 * Splits rows into parts that are stored one after the other. A task's writes stay together: for LangGraph a task with
 * any write is done. Checkpoints come last: each names values that must be stored before it.
 */
export function splitRows(rows: CheckpointRows): CheckpointRows[] {
  const parts: CheckpointRows[] = [];
  for (const unit of toUnits(rows)) {
    const last = parts.at(-1);
    const joined = last === undefined ? unit : joinRows(last, unit);
    if (last !== undefined && sizeOfRows(joined) <= maxPartBytes) parts.pop();
    parts.push(last !== undefined && sizeOfRows(joined) > maxPartBytes ? unit : joined);
  }
  return parts;
}

/** Both halves of a part; null where it cannot be split. */
export function halveRows(rows: CheckpointRows): [CheckpointRows, CheckpointRows] | null {
  const units = toUnits(rows);
  if (units.length < 2) return null;
  const middle = Math.ceil(units.length / 2);
  return [units.slice(0, middle).reduce(joinRows, noRows), units.slice(middle).reduce(joinRows, noRows)];
}

function toUnits({ checkpoints, blobs, writes }: CheckpointRows): CheckpointRows[] {
  const tasks = Map.groupBy(writes, ({ checkpointId, taskId }) => `${checkpointId} ${taskId}`);
  return [
    ...blobs.map((blob): CheckpointRows => ({ ...noRows, blobs: [blob] })),
    ...[...tasks.values()].map((task): CheckpointRows => ({ ...noRows, writes: task })),
    ...checkpoints.map((checkpoint): CheckpointRows => ({ ...noRows, checkpoints: [checkpoint] })),
  ];
}
