import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  getCheckpointId,
  type PendingWrite,
  type SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import type { CheckpointPort } from "./checkpoint-rows.ts";
import { toStepRows, toWriteRows } from "./dump-step.ts";
import { toConfig, toTuple } from "./load-tuple.ts";

/**
 * LangGraph's checkpoint saver over rows that a port stores. Keeps nothing between calls, so that any
 * instance goes on where another stopped. What the port throws, it throws.
 */
export class NeonSaver extends BaseCheckpointSaver {
  readonly #port: CheckpointPort;

  constructor(port: CheckpointPort, serde?: SerializerProtocol) {
    super(serde);
    this.#port = port;
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const threadId = configured(config, "thread_id");
    if (threadId === undefined) return undefined;
    const checkpointId = getCheckpointId(config) || undefined;
    const stored = await this.#port.read({ threadId, checkpointNs: namespaceOf(config), checkpointId });
    return stored && toTuple(this.serde, stored);
  }

  /** Latest step first. */
  override async *list(
    config: RunnableConfig,
    { limit, before, filter }: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const found = await this.#port.list({
      threadId: configured(config, "thread_id"),
      checkpointNs: configured(config, "checkpoint_ns"),
      checkpointId: configured(config, "checkpoint_id"),
      beforeId: before && configured(before, "checkpoint_id"),
      metadata: filter,
      limit,
    });
    for (const stored of found) yield await toTuple(this.serde, stored);
  }

  /** Of the channels' values, those of `newVersions` are stored; the others are, under the versions they have. */
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const thread = { threadId: required(config, "thread_id"), checkpointNs: namespaceOf(config) };
    const parentCheckpointId = configured(config, "checkpoint_id") || null;
    const given = { ...thread, parentCheckpointId, checkpoint, metadata, newVersions };
    await this.#port.store(await toStepRows(this.serde, given));
    return toConfig(thread, checkpoint.id);
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    const task = {
      threadId: required(config, "thread_id"),
      checkpointNs: namespaceOf(config),
      checkpointId: required(config, "checkpoint_id"),
      taskId,
    };
    await this.#port.store({
      checkpoints: [],
      blobs: [],
      writes: await toWriteRows(this.serde, task, writes),
    });
  }

  override deleteThread(threadId: string): Promise<void> {
    return this.#port.deleteThread(threadId);
  }
}

/** LangGraph's root graph is namespace ''. */
function namespaceOf(config: RunnableConfig): string {
  return configured(config, "checkpoint_ns") ?? "";
}

function required(config: RunnableConfig, name: string): string {
  const value = configured(config, name);
  if (value === undefined) throw new Error(`A checkpoint is stored under a ${name}, and config has none.`);
  return value;
}

function configured({ configurable }: RunnableConfig, name: string): string | undefined {
  const value: unknown = configurable?.[name];
  return typeof value === "string" ? value : undefined;
}
