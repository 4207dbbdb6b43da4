import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  getCheckpointId,
  maxChannelVersion,
  type PendingWrite,
  TASKS,
} from "@langchain/langgraph-checkpoint";
import { and, asc, eq, lt, sql } from "drizzle-orm";
import { deleteThread, insertCheckpointRows } from "../../src/db/checkpoint/checkpoints.ts";
import { selectCheckpoints } from "../../src/db/checkpoint/stored-checkpoints.ts";
import type { Db } from "../../src/db/core/client.ts";
import { checkpoints, checkpointWrites } from "../../src/db/schema.ts";
import type { CheckpointRows, StoredCheckpoint } from "../../src/domain/turn/checkpoint.ts";
import { toCheckpointRows, toWriteRows } from "../../src/runtime/checkpoint/dump-checkpoint.ts";
import { toConfig, toTuple } from "../../src/runtime/checkpoint/load-tuple.ts";

/**
 * A complete saver for LangGraph's own conformance suite, over what production uses to make, store, read and load
 * checkpoints. Production's saver of one run (run-saver.ts) never asks the database, so the suite cannot run on
 * it. Keeps nothing between calls.
 */
export class RowSaver extends BaseCheckpointSaver {
  readonly #db: Db;

  constructor(db: Db) {
    super();
    this.#db = db;
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const threadId = configured(config, "thread_id");
    if (threadId === undefined) return undefined;
    const checkpointId = getCheckpointId(config) || undefined;
    const isFound = and(
      eq(checkpoints.threadId, threadId),
      eq(checkpoints.checkpointNs, namespaceOf(config)),
      checkpointId === undefined ? undefined : eq(checkpoints.checkpointId, checkpointId),
    );
    const [stored] = await selectCheckpoints(this.#db, isFound).limit(1);
    return stored && this.#load(stored);
  }

  /** Latest step first. */
  override async *list(
    config: RunnableConfig,
    { limit, before, filter }: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const threadId = configured(config, "thread_id");
    const checkpointNs = configured(config, "checkpoint_ns");
    const checkpointId = configured(config, "checkpoint_id");
    const beforeId = before && configured(before, "checkpoint_id");
    const isListed = and(
      threadId === undefined ? undefined : eq(checkpoints.threadId, threadId),
      checkpointNs === undefined ? undefined : eq(checkpoints.checkpointNs, checkpointNs),
      checkpointId === undefined ? undefined : eq(checkpoints.checkpointId, checkpointId),
      beforeId === undefined ? undefined : lt(checkpoints.checkpointId, beforeId),
      filter === undefined ? undefined : sql`${checkpoints.metadata} @> ${JSON.stringify(filter)}::jsonb`,
    );
    const query = selectCheckpoints(this.#db, isListed);
    for (const stored of await (limit === undefined ? query : query.limit(limit))) yield this.#load(stored);
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
    const step = { ...thread, parentCheckpointId, checkpoint, metadata, newVersions };
    await this.#store(await toCheckpointRows(this.serde, step));
    return toConfig(thread, checkpoint.id);
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    const task = {
      threadId: required(config, "thread_id"),
      checkpointNs: namespaceOf(config),
      checkpointId: required(config, "checkpoint_id"),
      taskId,
    };
    const rows = await toWriteRows(this.serde, task, writes);
    await this.#store({ checkpoints: [], blobs: [], writes: rows });
  }

  override async deleteThread(threadId: string): Promise<void> {
    await this.#run([deleteThread(threadId)]);
  }

  #store(rows: CheckpointRows): Promise<void> {
    return this.#run(insertCheckpointRows(rows));
  }

  async #run([first, ...others]: ReturnType<typeof insertCheckpointRows>): Promise<void> {
    if (first !== undefined) await this.#db.batch([first, ...others]);
  }

  async #load(stored: StoredCheckpoint): Promise<CheckpointTuple> {
    const tuple = await toTuple(this.serde, stored);
    return tuple.checkpoint.v < 4 ? { ...tuple, checkpoint: await this.#withSends(tuple, stored) } : tuple;
  }

  /** Formats before 4 kept what tasks sent in the parent's writes only; format 4 has a channel for it. */
  async #withSends({ checkpoint }: CheckpointTuple, stored: StoredCheckpoint): Promise<Checkpoint> {
    const sends = await this.#db
      .select({ type: checkpointWrites.type, blob: checkpointWrites.blob })
      .from(checkpointWrites)
      .where(
        and(
          eq(checkpointWrites.threadId, stored.threadId),
          eq(checkpointWrites.checkpointNs, stored.checkpointNs),
          eq(checkpointWrites.checkpointId, stored.parentCheckpointId ?? ""),
          eq(checkpointWrites.channel, TASKS),
        ),
      )
      .orderBy(asc(checkpointWrites.taskPath), asc(checkpointWrites.taskId), asc(checkpointWrites.idx));
    if (sends.length === 0) return checkpoint;
    const versions = Object.values(checkpoint.channel_versions);
    const values = await Promise.all(
      sends.map(({ type, blob }) => this.serde.loadsTyped(type ?? "json", blob)),
    );
    return {
      ...checkpoint,
      channel_values: { ...checkpoint.channel_values, [TASKS]: values },
      channel_versions: {
        ...checkpoint.channel_versions,
        [TASKS]: versions.length === 0 ? 1 : maxChannelVersion(...versions),
      },
    };
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
