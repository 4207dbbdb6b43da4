import { Annotation, START, StateGraph } from "@langchain/langgraph";
import { expect, inject, test } from "vitest";
import { createDb } from "../../src/db/core/client.ts";
import { RowSaver } from "../support/row-saver.ts";

const State = Annotation.Root({
  said: Annotation<string[]>({ reducer: (left, right) => [...left, ...right], default: () => [] }),
  seen: Annotation<Uint8Array>(),
});

const newSaver = () => new RowSaver(createDb(inject("databaseUrl"), inject("neonEndpoint")));

/** Two nodes at once; `bob` is how the second one answers. */
function compile(asked: string[], bob: () => string) {
  return new StateGraph(State)
    .addNode("ann", async () => {
      asked.push("ann");
      return { said: ["ann's"], seen: Uint8Array.of(0, 127, 128, 255) };
    })
    .addNode("bob", async () => {
      asked.push("bob");
      await scheduler.wait(20);
      return { said: [bob()] };
    })
    .addEdge(START, "ann")
    .addEdge(START, "bob")
    .compile({ checkpointer: newSaver() });
}

test("in workerd, another saver finishes a half-stored superstep, and no node runs twice", async () => {
  const thread = { configurable: { thread_id: crypto.randomUUID() } };
  const asked: string[] = [];
  const fails = compile(asked, () => {
    throw new Error("bob is out");
  });
  await expect(fails.invoke({ said: ["user's"] }, thread)).rejects.toThrow("bob is out");

  const { said, seen } = await compile(asked, () => "bob's").invoke(null, thread);
  expect(said).toEqual(["user's", "ann's", "bob's"]);
  expect(seen).toEqual(Uint8Array.of(0, 127, 128, 255));
  expect(asked).toEqual(["ann", "bob", "bob"]);

  const saver = newSaver();
  await saver.deleteThread(thread.configurable.thread_id);
  expect(await saver.getTuple(thread)).toBeUndefined();
});
