import { type CheckpointTuple, emptyCheckpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CheckpointDatabase, startCheckpointDatabase } from "../../support/node/checkpoint-database.ts";

let database: CheckpointDatabase;

beforeAll(async () => {
  database = await startCheckpointDatabase();
});
afterAll(() => database.stop());

const metadata = { source: "loop", step: 0, parents: {} } as const;
const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** Puts one value in a channel and writes it as well; gives both as another saver reads them. */
async function roundTrip(value: unknown): Promise<unknown[]> {
  const config = { configurable: { thread_id: uuid6(0) } };
  const checkpoint = { ...emptyCheckpoint(), channel_values: { it: value }, channel_versions: { it: 1 } };
  const saver = database.newSaver();
  const stored = await saver.put(config, checkpoint, metadata, { it: 1 });
  await saver.putWrites(stored, [["it", value]], "task");
  const read = await database.newSaver().getTuple(config);
  return [read?.checkpoint.channel_values.it, read?.pendingWrites?.[0]?.[2]];
}

test.each([
  ["every byte", everyByte],
  ["no byte", new Uint8Array()],
  ["bytes inside", { list: [everyByte, null], deep: { empty: new Uint8Array() } }],
  ["64 KiB of bytes", Uint8Array.from({ length: 65_536 }, (_, index) => index % 251)],
  ["two MiB of text", "ü\u{1f600}\u0000\n".repeat(2 ** 21 / 14)],
  ["a lone surrogate and a zero", "\ud800 \u0000"],
  ["nothing", undefined],
  ["null", null],
  ["a set and a map", { set: new Set([1]), map: new Map([["a", 1]]) }],
  ["a key that every object has", JSON.parse('{"constructor": 1, "toString": {"a": []}}')],
])("the saver returns %s unchanged", async (_what, value) => {
  const [fromBlob, fromWrite] = await roundTrip(value);
  expect(fromBlob).toEqual(value);
  expect(fromWrite).toEqual(value);
});

test("the saver keeps all concurrent puts and writes, and stores a repeated one once", async () => {
  const config = { configurable: { thread_id: "busy" } };
  const saver = database.newSaver();
  const ids = Array.from({ length: 20 }, (_, index) => uuid6(index)).toSorted();
  const put = (id: string, index: number) => {
    const versions = { it: index };
    const checkpoint = { ...emptyCheckpoint(), id, channel_values: { it: id }, channel_versions: versions };
    return saver.put(config, checkpoint, { ...metadata, step: index }, versions);
  };
  const putTask = (taskId: string) =>
    saver.putWrites(
      { configurable: { thread_id: "busy", checkpoint_ns: "", checkpoint_id: ids.at(-1) } },
      [
        ["it", taskId],
        ["other", taskId],
      ],
      taskId,
    );
  const tasks = ids.map((id) => `task ${id}`);
  await Promise.all([...ids.map(put), ...ids.map(put), ...tasks.map(putTask), ...tasks.map(putTask)]);

  const read: CheckpointTuple[] = [];
  for await (const tuple of saver.list(config)) read.push(tuple);
  expect(read.map(({ checkpoint }) => checkpoint.channel_values.it)).toEqual(ids.toReversed());
  const written = tasks.flatMap((task) => [
    [task, "it", task],
    [task, "other", task],
  ]);
  expect(read[0]?.pendingWrites).toEqual(written);
});

test("the saver keeps the first writes of a task and the last of its marks", async () => {
  const saver = database.newSaver();
  const stored = await saver.put({ configurable: { thread_id: "marks" } }, emptyCheckpoint(), metadata, {});
  const putAll = (text: string) =>
    saver.putWrites(
      stored,
      [
        ["it", text],
        ["__error__", text],
        ["__error__", `${text}!`],
      ],
      "task",
    );
  await putAll("first");
  await putAll("second");
  const read = await saver.getTuple(stored);
  expect(read?.pendingWrites).toEqual([
    ["task", "__error__", "second!"],
    ["task", "it", "first"],
  ]);
});
