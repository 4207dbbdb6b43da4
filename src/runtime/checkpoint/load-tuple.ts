import type { RunnableConfig } from "@langchain/core/runnables";
import {
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  maxChannelVersion,
  type SerializerProtocol,
  TASKS,
} from "@langchain/langgraph-checkpoint";
import type { StoredCheckpoint } from "./checkpoint-rows.ts";

type WithoutValues = Omit<Checkpoint, "channel_values">;

/** What LangGraph gave to be stored, as it was; without a parent there is no `parentConfig`. */
export async function toTuple(serde: SerializerProtocol, stored: StoredCheckpoint): Promise<CheckpointTuple> {
  const { checkpointId, parentCheckpointId } = stored;
  const [values, pendingWrites, metadata, sends] = await Promise.all([
    loadValues(serde, stored.blobs),
    loadWrites(serde, stored.writes),
    loadMetadata(serde, stored.metadata),
    Promise.all(stored.parentSends.map(({ type, blob }) => loadValue(serde, type, blob))),
  ]);
  const checkpoint = { ...toCheckpoint(stored.checkpoint), channel_values: values };
  return {
    config: toConfig(stored, checkpointId),
    checkpoint: sends.length === 0 ? checkpoint : withSends(checkpoint, sends),
    metadata,
    pendingWrites,
    ...(parentCheckpointId === null ? {} : { parentConfig: toConfig(stored, parentCheckpointId) }),
  };
}

/** What LangGraph knows a checkpoint by. */
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

/** Format 4 has what was sent as a channel of its own; older ones are read as if they had. */
function withSends(checkpoint: Checkpoint, sends: unknown[]): Checkpoint {
  const versions = Object.values(checkpoint.channel_versions);
  return {
    ...checkpoint,
    channel_values: { ...checkpoint.channel_values, [TASKS]: sends },
    channel_versions: {
      ...checkpoint.channel_versions,
      [TASKS]: versions.length === 0 ? 1 : maxChannelVersion(...versions),
    },
  };
}

function loadValue(serde: SerializerProtocol, type: string, blob: Uint8Array): Promise<unknown> {
  return serde.loadsTyped(type, blob);
}

/** Sound for rows that `toStepRows` made: it stores a checkpoint's own fields, less the values. */
function toCheckpoint(stored: unknown): WithoutValues {
  return stored as WithoutValues;
}

/** Sound for rows that `toStepRows` made: it stores metadata in the serializer's JSON. */
async function loadMetadata(serde: SerializerProtocol, stored: unknown): Promise<CheckpointMetadata> {
  return (await serde.loadsTyped("json", JSON.stringify(stored))) as CheckpointMetadata;
}
