/**
 * Rows of LangGraph's Postgres tables as plain values; `unknown` is JSON. The runtime makes them and reads them
 * again, the database stores them: these types are their common ground.
 */

/** One checkpoint without its channel values, which are blobs. */
export type CheckpointRow = {
  threadId: string;
  checkpointNs: string;
  checkpointId: string;
  parentCheckpointId: string | null;
  checkpoint: unknown;
  metadata: unknown;
};

/** The serializer's name of a format, and the value in it. */
type SerializedValue = { type: string; blob: Uint8Array };

/** The value that a channel has at one of its versions. A channel without a value has no row. */
export type BlobRow = SerializedValue & {
  threadId: string;
  checkpointNs: string;
  channel: string;
  version: string;
};

/** What a task wrote to a channel, on top of the checkpoint that it started from. */
export type WriteRow = SerializedValue & {
  threadId: string;
  checkpointNs: string;
  checkpointId: string;
  taskId: string;
  /** Its place among the task's writes; below zero: LangGraph's own marks, of which the last one counts. */
  idx: number;
  channel: string;
};

/** What is stored together. Steps may be joined by joining their lists, in the order they were made. */
export type StepRows = {
  checkpoints: readonly CheckpointRow[];
  blobs: readonly BlobRow[];
  writes: readonly WriteRow[];
};

export const noRows: StepRows = { checkpoints: [], blobs: [], writes: [] };

/** A checkpoint as it is read: with the values of its channels and what tasks have written on top of it. */
export type StoredCheckpoint = CheckpointRow & {
  blobs: readonly (SerializedValue & { channel: string })[];
  /** By task, then by place. */
  writes: readonly (SerializedValue & { taskId: string; channel: string })[];
  /** It was read without the lists that hold texts, since it was too large with them. */
  lacksTexts: boolean;
};
