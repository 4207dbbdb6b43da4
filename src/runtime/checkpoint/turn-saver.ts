import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointTuple,
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";

/** What one request stores: a checkpoint, the writes of finished tasks, or both. */
export type StoredStep = {
  put: {
    config: RunnableConfig;
    checkpoint: Checkpoint;
    metadata: CheckpointMetadata;
    newVersions: ChannelVersions;
  } | null;
  writes: { config: RunnableConfig; writes: PendingWrite[]; taskId: string } | null;
};

export type TurnSaverOptions = {
  /** What open read of this run; undefined: it is new. */
  tuple: CheckpointTuple | undefined;
  /** Whether steps have several tasks, whose answers are stored one by one. */
  isParallel: boolean;
  /** Whether these channel values are the run's last: they are stored by its commit. */
  isFinal: (values: Readonly<Record<string, unknown>>) => boolean;
  /** One request. Must not reject: a step that cannot be stored does not end the run. */
  store: (step: StoredStep) => Promise<void>;
};

/**
 * A saver for one run, with three economies: it never asks the database (a new run has nothing, a resumed one
 * was read at open), it stores the input only where a parallel step's answers need it, and it leaves the last
 * checkpoint to the commit. With LangGraph's `sync` durability, storing a step overlaps the next one, and a
 * step starts only when at most one earlier step is still being stored.
 */
export class TurnSaver extends BaseCheckpointSaver {
  readonly #options: TurnSaverOptions;
  /** Ends when all that was handed over is stored. */
  #storing: Promise<void> = Promise.resolve();
  /** The same up to the end of the step before. */
  #storingBefore: Promise<void> = Promise.resolve();
  /** The input's checkpoint, until an answer needs it. */
  #input: StoredStep["put"] = null;
  #final: StoredStep["put"] = null;

  constructor(options: TurnSaverOptions) {
    super();
    this.#options = options;
  }

  /** The run's last checkpoint, for its commit to store; null: the run did not come to its end. */
  get final(): StoredStep["put"] {
    return this.#final;
  }

  override async getTuple(): Promise<CheckpointTuple | undefined> {
    return this.#options.tuple;
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const put = { config, checkpoint, metadata, newVersions };
    if (metadata.source === "input") this.#input = put;
    else if (this.#options.isFinal(checkpoint.channel_values)) this.#final = put;
    else {
      // Only this step may still be under way when the next one starts.
      await this.#storingBefore;
      this.#enqueue({ put, writes: null });
      this.#storingBefore = this.#storing;
    }
    return { configurable: { ...config.configurable, checkpoint_id: checkpoint.id } };
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    // The checkpoint after a step of one task holds all that its writes do.
    if (!this.#options.isParallel) return;
    const put = this.#input;
    this.#input = null;
    this.#enqueue({ put, writes: { config, writes, taskId } });
  }

  #enqueue(step: StoredStep): void {
    this.#storing = this.#storing.then(() => this.#options.store(step));
  }

  // biome-ignore lint/correctness/useYield: a saver of one run has no history to list.
  override async *list(): AsyncGenerator<CheckpointTuple> {}

  override async deleteThread(): Promise<void> {}
}
