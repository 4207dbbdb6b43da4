import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointTuple,
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";
import { type CheckpointRows, joinRows, noRows } from "../../domain/turn/checkpoint.ts";
import { type RunStateValue, reducers } from "../graph/run-state.ts";
import { toCheckpointRows, toWriteRows } from "./dump-checkpoint.ts";
import { hasParts, type JoinedCheckpoint, ListParts } from "./list-parts.ts";
import { plainJson } from "./plain-json.ts";
import { checkpointFormat } from "./stored-run.ts";

export type RunSaverOptions = {
  runId: string;
  /** The checkpoint of this run. Undefined: the run is new. */
  stored: { tuple: CheckpointTuple; joined: JoinedCheckpoint } | undefined;
  /** Whether a superstep can have several tasks, whose answers are stored one by one. */
  isParallel: boolean;
  /** Whether these channel values are the run's last. The commit stores them. */
  isFinal: (values: Partial<RunStateValue>) => boolean;
  /** Stores the rows in one request. False: they were not stored. Must not reject: that would end the run. */
  store: (rows: CheckpointRows) => Promise<boolean>;
};

const checkpointNs = "";

/**
 * The checkpointer of one run. It needs fewer requests, for three reasons. It never reads from the database: a new run has nothing,
 * and a resumed one was read when it was opened. It stores the input only where the answers of parallel tasks need it.
 * It leaves the last checkpoint to the commit. With LangGraph's `sync` durability, storing a checkpoint overlaps the next
 * superstep; a superstep starts only when at most one earlier checkpoint is still being stored.
 */
export class RunSaver extends BaseCheckpointSaver {
  readonly #options: RunSaverOptions;
  /** Resolves when storing has been tried for all checkpoints so far. */
  #storing: Promise<void> = Promise.resolve();
  /** The same for all checkpoints but the latest. */
  #storingBefore: Promise<void> = Promise.resolve();
  #isDrained = false;
  /** The rows of the request in flight. */
  #inFlight: CheckpointRows = noRows;
  /** The checkpoint of the input. No run continues from it. */
  #inputId: string | null = null;
  /** Rows that are not stored yet: those of the first checkpoint, and of checkpoints whose request failed. */
  #unstored: CheckpointRows = noRows;

  readonly #parts: ListParts;

  constructor(options: RunSaverOptions) {
    super(plainJson);
    this.#options = options;
    this.#parts = new ListParts(options.stored?.joined);
  }

  /**
   * Stops storing and returns the rows that the commit has to store. They include those of a request in flight, since
   * the commit does not wait for it. If that request arrives after the commit, the claim is gone and it is refused.
   */
  drain(): CheckpointRows {
    this.#isDrained = true;
    return dropSuperseded(joinRows(this.#inFlight, this.#unstored));
  }

  /** Waits until storing has been tried for all checkpoints so far. */
  flushed(): Promise<void> {
    return this.#storing;
  }

  override async getTuple(): Promise<CheckpointTuple | undefined> {
    return this.#options.stored?.tuple;
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const { runId: threadId, isFinal, isParallel } = this.#options;
    const parentCheckpointId = readId(config);
    const key = { threadId, checkpointNs, parentCheckpointId };
    const split = this.#parts.split({ checkpoint, newVersions });
    const marked = { ...metadata, format: checkpointFormat };
    const rows = await toCheckpointRows(this.serde, { ...key, ...split, metadata: marked });
    if (metadata.source === "input") this.#inputId = checkpoint.id;
    else if (metadata.step === 0) {
      // Before the first superstep nothing is paid for. Only the answers of parallel tasks need this checkpoint.
      if (isParallel) this.#keep(rows);
    } else if (isFinal(checkpoint.channel_values) || !hasParts(split.newVersions)) {
      // A checkpoint without an answer of its own is stored together with the next one.
      this.#keep(rows);
    } else {
      // Only the request of this checkpoint may still be in flight when the next superstep starts.
      await this.#storingBefore;
      this.#enqueue(rows);
      this.#storingBefore = this.#storing;
    }
    return {
      configurable: { thread_id: threadId, checkpoint_ns: checkpointNs, checkpoint_id: checkpoint.id },
    };
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    // After a superstep of one task, the checkpoint holds all that the task's writes hold.
    if (!this.#options.isParallel) return;
    const checkpointId = readId(config);
    if (checkpointId === null) throw new Error("LangGraph stores a task's writes without a checkpoint.");
    if (checkpointId === this.#inputId || !writes.some(([channel]) => channel in reducers)) return;
    const task = { threadId: this.#options.runId, checkpointNs, checkpointId, taskId };
    this.#enqueue({ ...noRows, writes: await toWriteRows(this.serde, task, writes) });
  }

  #keep(rows: CheckpointRows): void {
    this.#unstored = dropSuperseded(joinRows(this.#unstored, rows));
  }

  #enqueue(rows: CheckpointRows): void {
    this.#keep(rows);
    this.#storing = this.#storing.then(async () => {
      if (this.#isDrained || isEmpty(this.#unstored)) return;
      this.#inFlight = this.#unstored;
      this.#unstored = noRows;
      const isStored = await this.#options.store(this.#inFlight);
      // Rows that could not be stored go before those of the next checkpoint.
      if (!isStored) this.#unstored = joinRows(this.#inFlight, this.#unstored);
      this.#inFlight = noRows;
    });
  }

  /** A saver of one run has no history to list. */
  override async *list(): AsyncGenerator<CheckpointTuple> {}

  override async deleteThread(): Promise<void> {}
}

function isEmpty({ checkpoints, blobs, writes }: CheckpointRows): boolean {
  return checkpoints.length + blobs.length + writes.length === 0;
}

/** Drops the writes of tasks whose superstep has a checkpoint: it holds all that they wrote. */
function dropSuperseded({ checkpoints, blobs, writes }: CheckpointRows): CheckpointRows {
  const superseded = new Set(checkpoints.map(({ parentCheckpointId }) => parentCheckpointId));
  return { checkpoints, blobs, writes: writes.filter(({ checkpointId }) => !superseded.has(checkpointId)) };
}

function readId(config: RunnableConfig): string | null {
  const id: unknown = config.configurable?.checkpoint_id;
  return typeof id === "string" ? id : null;
}
