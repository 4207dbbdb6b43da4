import type { RunnableConfig } from "@langchain/core/runnables";
import type {
  Checkpoint,
  CheckpointMetadata,
  CheckpointPendingWrite,
  CheckpointTuple,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import type { StoredCheckpoint } from "../../domain/turn/checkpoint.ts";

type WithoutValues = Omit<Checkpoint, "channel_values">;

/** The tuple that LangGraph stored. A checkpoint without a parent has no `parentConfig`. */
export async function toTuple(serde: SerializerProtocol, stored: StoredCheckpoint): Promise<CheckpointTuple> {
  const { checkpointId, parentCheckpointId } = stored;
  const [values, pendingWrites, metadata] = await Promise.all([
    loadValues(serde, stored.blobs),
    loadWrites(serde, stored.writes),
    loadMetadata(serde, stored.metadata),
  ]);
  return {
    config: toConfig(stored, checkpointId),
    checkpoint: { ...toCheckpoint(stored.checkpoint), channel_values: values },
    metadata,
    pendingWrites,
    ...(parentCheckpointId === null ? {} : { parentConfig: toConfig(stored, parentCheckpointId) }),
  };
}

/** LangGraph's key of a checkpoint. */
export function toConfig(
  { threadId, checkpointNs }: Pick<StoredCheckpoint, "threadId" | "checkpointNs">,
  checkpointId: string,
): RunnableConfig {
  return {
    configurable: { thread_id: threadId, checkpoint_ns: checkpointNs, checkpoint_id: checkpointId },
  };
}

async function loadValues(
  serde: SerializerProtocol,
  blobs: StoredCheckpoint["blobs"],
): Promise<Record<string, unknown>> {
  const entries = await Promise.all(
    blobs.map(async ({ channel, type, blob }) => [channel, await loadValue(serde, type, blob)] as const),
  );
  return Object.fromEntries(entries);
}

function loadWrites(
  serde: SerializerProtocol,
  writes: StoredCheckpoint["writes"],
): Promise<CheckpointPendingWrite[]> {
  return Promise.all(
    writes.map(
      async ({ taskId, channel, type, blob }): Promise<CheckpointPendingWrite> => [
        taskId,
        channel,
        await loadValue(serde, type, blob),
      ],
    ),
  );
}

function loadValue(serde: SerializerProtocol, type: string, blob: Uint8Array): Promise<unknown> {
  return serde.loadsTyped(type, blob);
}

/** Sound for rows that `toCheckpointRows` made: it stores a checkpoint's own fields, less the values. */
function toCheckpoint(stored: unknown): WithoutValues {
  return stored as WithoutValues;
}

/** Sound for rows that `toCheckpointRows` made: it stores metadata in the serializer's JSON. */
async function loadMetadata(serde: SerializerProtocol, stored: unknown): Promise<CheckpointMetadata> {
  return (await serde.loadsTyped("json", JSON.stringify(stored))) as CheckpointMetadata;
}
