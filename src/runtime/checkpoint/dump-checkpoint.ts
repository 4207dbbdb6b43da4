import {
  type ChannelVersions,
  type Checkpoint,
  type CheckpointMetadata,
  type PendingWrite,
  type SerializerProtocol,
  WRITES_IDX_MAP,
} from "@langchain/langgraph-checkpoint";
import type { BlobRow, CheckpointRow, CheckpointRows, WriteRow } from "../../domain/turn/checkpoint.ts";

type CheckpointToDump = Pick<CheckpointRow, "threadId" | "checkpointNs" | "parentCheckpointId"> & {
  checkpoint: Checkpoint;
  metadata: CheckpointMetadata;
  newVersions: ChannelVersions;
};

/** A checkpoint's row, and one for each channel that has a value and a new version. */
export async function toCheckpointRows(
  serde: SerializerProtocol,
  { checkpoint, metadata, newVersions, ...key }: CheckpointToDump,
): Promise<CheckpointRows> {
  const { channel_values: values, ...rest } = checkpoint;
  const { threadId, checkpointNs } = key;
  const changed = Object.entries(newVersions).filter(([channel]) => Object.hasOwn(values, channel));
  const toBlob = async ([channel, version]: (typeof changed)[number]): Promise<BlobRow> => {
    const [type, blob] = await serde.dumpsTyped(values[channel]);
    return { threadId, checkpointNs, channel, version: String(version), type, blob };
  };
  const [metadataJson, ...blobs] = await Promise.all([toJson(serde, metadata), ...changed.map(toBlob)]);
  return {
    checkpoints: [{ ...key, checkpointId: checkpoint.id, checkpoint: rest, metadata: metadataJson }],
    blobs,
    writes: [],
  };
}

/** One row per write of a task. LangGraph's own marks (an error, an interrupt …) have fixed indexes below zero. */
export function toWriteRows(
  serde: SerializerProtocol,
  task: Pick<WriteRow, "threadId" | "checkpointNs" | "checkpointId" | "taskId">,
  writes: readonly PendingWrite[],
): Promise<WriteRow[]> {
  return Promise.all(
    writes.map(async ([channel, value], index) => {
      const [type, blob] = await serde.dumpsTyped(value);
      return { ...task, idx: WRITES_IDX_MAP[channel] ?? index, channel, type, blob };
    }),
  );
}

/** Uses the serializer, so that values without a JSON form are restored. The serializer must write JSON. */
async function toJson(serde: SerializerProtocol, value: unknown): Promise<unknown> {
  const [, bytes] = await serde.dumpsTyped(value);
  return JSON.parse(new TextDecoder().decode(bytes));
}
