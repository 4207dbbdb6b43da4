/**
 * Rows of LangGraph's Postgres tables as plain values; `unknown` is JSON. The runtime makes and reads them, the database
 * layer stores them.
 */

/** One checkpoint without the values of its channels, which are blobs. */
export type CheckpointRow = {
  threadId: string;
  checkpointNs: string;
  checkpointId: string;
  parentCheckpointId: string | null;
  checkpoint: unknown;
  metadata: unknown;
};

/** A value, and the serializer's name of its format. */
type SerializedValue = { type: string; blob: Uint8Array };

/** The value that a channel has at one of its versions. A channel without a value has no row. */
export type BlobRow = SerializedValue & {
  threadId: string;
  checkpointNs: string;
  channel: string;
  version: string;
};

/** A task's write to a channel, on top of the checkpoint that the task started from. */
export type WriteRow = SerializedValue & {
  threadId: string;
  checkpointNs: string;
  checkpointId: string;
  taskId: string;
  /** The index among the task's writes. Below zero: LangGraph's own marks, of which the last one counts. */
  idx: number;
  channel: string;
};

/** The rows of one or several checkpoints that are stored together, in the order in which the run made them. */
export type CheckpointRows = {
  checkpoints: readonly CheckpointRow[];
  blobs: readonly BlobRow[];
  writes: readonly WriteRow[];
};

export const noRows: CheckpointRows = { checkpoints: [], blobs: [], writes: [] };

export function joinRows(before: CheckpointRows, after: CheckpointRows): CheckpointRows {
  return {
    checkpoints: [...before.checkpoints, ...after.checkpoints],
    blobs: [...before.blobs, ...after.blobs],
    writes: [...before.writes, ...after.writes],
  };
}

/** A checkpoint as it is read: with the values of its channels, and the writes of tasks on top of it. */
export type StoredCheckpoint = CheckpointRow & {
  blobs: readonly (SerializedValue & { channel: string })[];
  /** By task, then by index. */
  writes: readonly (SerializedValue & { taskId: string; channel: string })[];
  /** Whether it was read without the lists that hold texts, because it was too large. */
  lacksTexts: boolean;
};
