import { describe, expect, test } from "vitest";
import { halveRows, sizeOfRows, splitRows } from "../../src/db/checkpoint/split-rows.ts";
import type { CheckpointRows } from "../../src/domain/turn/checkpoint.ts";

const thread = { threadId: "run", checkpointNs: "" };
const blob = (channel: string, bytes: number) => ({
  ...thread,
  channel,
  version: "1",
  type: "json",
  blob: new Uint8Array(bytes),
});
const write = (taskId: string, idx: number, bytes: number) => ({
  ...thread,
  checkpointId: "c1",
  taskId,
  idx,
  channel: "replies",
  type: "json",
  blob: new Uint8Array(bytes),
});
const checkpoint = { ...thread, checkpointId: "c2", parentCheckpointId: "c1", checkpoint: {}, metadata: {} };
const KiB = 1_024;

describe("the rows of a checkpoint", () => {
  test("are one part where they are small, and no part where there are none", () => {
    const rows: CheckpointRows = {
      checkpoints: [checkpoint],
      blobs: [blob("a", 10)],
      writes: [write("t", 0, 10)],
    };
    expect(splitRows(rows)).toEqual([rows]);
    expect(splitRows({ checkpoints: [], blobs: [], writes: [] })).toEqual([]);
  });

  test("are split into parts of bounded size; no task is divided and the checkpoint is last", () => {
    const rows: CheckpointRows = {
      checkpoints: [checkpoint],
      blobs: ["a", "b", "c"].map((channel) => blob(channel, 500 * KiB)),
      writes: ["t1", "t2"].flatMap((task) => [write(task, 0, 300 * KiB), write(task, 1, 300 * KiB)]),
    };

    const parts = splitRows(rows);

    expect(parts.length).toBeGreaterThan(2);
    for (const part of parts) expect(sizeOfRows(part)).toBeLessThanOrEqual(2 * KiB * KiB);
    expect(parts.map(({ checkpoints }) => checkpoints.length)).toEqual([...parts.slice(1).map(() => 0), 1]);
    for (const { writes } of parts) {
      for (const { taskId } of writes) expect(writes.filter((one) => one.taskId === taskId)).toHaveLength(2);
    }
    expect(parts.flatMap(({ blobs }) => blobs)).toEqual(rows.blobs);
    expect(parts.flatMap(({ writes }) => writes)).toEqual(rows.writes);
  });

  test("are halved until a part cannot be divided", () => {
    const rows: CheckpointRows = {
      checkpoints: [checkpoint],
      blobs: [blob("a", 1)],
      writes: [write("t", 0, 1), write("t", 1, 1)],
    };
    const [first, second] = halveRows(rows) ?? [];
    expect(first).toEqual({ checkpoints: [], blobs: rows.blobs, writes: rows.writes });
    expect(second).toEqual({ checkpoints: [checkpoint], blobs: [], writes: [] });
    expect(halveRows({ checkpoints: [], blobs: [], writes: rows.writes })).toBeNull();
  });
});
