import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { deleteEarlierCheckpoints, insertCheckpointRows } from "../../../src/db/checkpoint/checkpoints.ts";
import { type CheckpointDatabase, startCheckpointDatabase } from "../../support/node/checkpoint-database.ts";
import type { RowSaver } from "../../support/row-saver.ts";

let database: CheckpointDatabase;

beforeAll(async () => {
  database = await startCheckpointDatabase();
});
afterEach(() => database.empty());
afterAll(() => database.stop());

const State = Annotation.Root({
  said: Annotation<string[]>({ reducer: (left, right) => [...left, ...right], default: () => [] }),
});

type Speaker = () => Promise<string>;
const hangs: Speaker = () => new Promise(() => undefined);

/** A graph of speakers, and who was asked; `hangs` is where the process dies. */
function compile(saver: RowSaver, shape: "parallel" | "sequence", speakers: Record<string, Speaker>) {
  const asked: string[] = [];
  const graph = new StateGraph(State) as unknown as {
    addNode(name: string, node: () => Promise<{ said: string[] }>): void;
    addEdge(from: string, to: string): void;
    compile(options: { checkpointer: RowSaver }): {
      invoke(input: object | null, config: object): Promise<{ said: string[] }>;
    };
  };
  const names = Object.keys(speakers);
  for (const [index, name] of names.entries()) {
    graph.addNode(name, async () => {
      asked.push(name);
      return { said: [(await speakers[name]?.()) ?? ""] };
    });
    graph.addEdge(shape === "parallel" ? START : (names[index - 1] ?? START), name);
    if (shape === "parallel" || index === names.length - 1) graph.addEdge(name, END);
  }
  return { asked, app: graph.compile({ checkpointer: saver }) };
}

const thread = (id: string) => ({ configurable: { thread_id: id } });
const says = (text: string) => async () => text;

async function countRows(threadId: string): Promise<unknown> {
  const [row] = await database.ask(
    `select (select count(*)::int from checkpoints where thread_id = $1) as checkpoints,
      (select count(*)::int from checkpoint_blobs where thread_id = $1) as blobs,
      (select count(*)::int from checkpoint_writes where thread_id = $1) as writes`,
    [threadId],
  );
  return row;
}

test("a resumed parallel superstep runs only the node that was not stored", async () => {
  const first = compile(database.newSaver(), "parallel", { ann: says("ann's"), bob: hangs });
  void first.app.invoke({ said: ["user's"] }, thread("run"));
  const stored = () => database.ask("select channel from checkpoint_writes where channel = 'said'");
  await expect.poll(async () => (await stored()).length).toBe(2);

  const second = compile(database.newSaver(), "parallel", { ann: says("again"), bob: says("bob's") });
  const { said } = await second.app.invoke(null, thread("run"));
  expect(said).toEqual(["user's", "ann's", "bob's"]);
  expect([first.asked, second.asked]).toEqual([["ann", "bob"], ["bob"]]);
});

test("a resumed sequence goes on at the node that was not stored", async () => {
  const first = compile(database.newSaver(), "sequence", { ann: says("a"), bob: says("b"), cid: hangs });
  void first.app.invoke({ said: [] }, thread("run"));
  await expect.poll(() => database.ask("select 1 from checkpoints")).toHaveLength(4);

  const second = compile(database.newSaver(), "sequence", { ann: hangs, bob: hangs, cid: says("c") });
  expect((await second.app.invoke(null, thread("run"))).said).toEqual(["a", "b", "c"]);
  expect([first.asked, second.asked]).toEqual([["ann", "bob", "cid"], ["cid"]]);
});

test("storing a superstep takes two requests with one statement for each table", async () => {
  const { app } = compile(database.newSaver(), "sequence", { ann: says("a"), bob: says("b") });
  database.takeRequests();
  await app.invoke({ said: [] }, thread("run"));
  const [read, ...stored] = database.takeRequests();
  expect(read?.statements).toHaveLength(1);
  const input = "checkpoints + checkpoint_blobs";
  const step = ["checkpoint_writes", "checkpoints + checkpoint_blobs"];
  const tables = stored.map(({ statements }) =>
    statements
      .flatMap((text) => [...text.matchAll(/insert into "(\w+)"/g)].map(([, name]) => name))
      .join(" + "),
  );
  // LangGraph's own step, which takes the input in, comes before those of the two nodes.
  expect(tables.toSorted()).toEqual([input, ...step, ...step, ...step].toSorted());
});

test("deleting a thread deletes all of its rows and no others", async () => {
  const saver = database.newSaver();
  for (const id of ["gone", "kept"]) {
    await compile(saver, "parallel", { ann: says("a"), bob: says("b") }).app.invoke({ said: [] }, thread(id));
  }
  const kept = await countRows("kept");
  await saver.deleteThread("gone");
  expect(await countRows("gone")).toEqual({ checkpoints: 0, blobs: 0, writes: 0 });
  expect(await countRows("kept")).toEqual(kept);
  expect(kept).toEqual({ checkpoints: 3, blobs: expect.any(Number), writes: expect.any(Number) });
});

test("a finished thread without its earlier checkpoints still has its last state", async () => {
  const saver = database.newSaver();
  const { app } = compile(saver, "sequence", { ann: says("a"), bob: says("b") });
  await app.invoke({ said: ["u"] }, thread("run"));
  const last = await saver.getTuple(thread("run"));
  await database.db.batch([deleteEarlierCheckpoints("run")]);

  expect(await countRows("run")).toEqual({ checkpoints: 1, blobs: 1, writes: 0 });
  expect(await saver.getTuple(thread("run"))).toEqual(last);
  expect(last?.checkpoint.channel_values).toEqual({ said: ["u", "a", "b"] });
});

test("a checkpoint in a batch that is refused leaves nothing", async () => {
  const key = { threadId: "run", checkpointNs: "", checkpointId: "c1" };
  const rows = [{ ...key, parentCheckpointId: null, checkpoint: {}, metadata: {} }];
  const { db } = database;
  const lostClaim = "select assert_claim(gen_random_uuid(), gen_random_uuid(), gen_random_uuid())";
  const step = insertCheckpointRows({ checkpoints: rows, blobs: [], writes: [] });
  await expect(db.batch([db.execute(lostClaim), ...step])).rejects.toMatchObject({ code: "PT409" });
  expect(await countRows("run")).toEqual({ checkpoints: 0, blobs: 0, writes: 0 });
});
