import { describe, expect, test, vi } from "vitest";
import type { CheckpointRows } from "../../src/domain/turn/checkpoint.ts";
import { runTurn } from "../../src/runtime/graph/run-turn.ts";
import type { ModelAnswer } from "../../src/runtime/model/model-port.ts";
import type { PlanForm } from "../support/plans.ts";
import { createFakeTools } from "../turn/modes/support/fake-tools.ts";
import { createGraphTurn, newRun } from "../turn/modes/support/graph-run.ts";

const keys = ["ada", "bob", "cy", "dee", "eve"];
const answer: ModelAnswer = {
  ok: true,
  text: "hi",
  toolCalls: [],
  finishReason: "stop",
  providerReason: "stop",
  billed: [],
  attempts: 1,
};

/** A run whose models answer at once, or when a test says so, as its steps are stored. */
function start(flow: PlanForm, answers: () => Promise<ModelAnswer> = async () => answer) {
  const { ports, plan, context } = createGraphTurn({
    flow,
    tools: createFakeTools([]).port,
    agents: Object.fromEntries(keys.map((key) => [key, []])),
  });
  const stores: { rows: CheckpointRows; end: (isStored: boolean) => void }[] = [];
  const callModel = vi.fn(answers);
  const stop = new AbortController();
  ports.callModel = callModel;
  ports.stop = stop.signal;
  ports.storeCheckpoint = (rows) =>
    new Promise((end) => {
      stores.push({ rows, end });
    });
  const ran = runTurn(newRun({ plan, context }), ports);
  return { stores, callModel, stop, ran };
}

/** Lets pending promises and timers of 0 ms run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await new Promise((resolve) => setTimeout(resolve, 0));
}

const checkpointsIn = ({ checkpoints }: CheckpointRows) => checkpoints.length;

describe("the checkpoints of a sequence", () => {
  test("are stored while the next superstep runs: at most one is still being stored when a superstep starts", async () => {
    const { stores, callModel, ran } = start("sequence");
    await settle();
    expect(callModel).toHaveBeenCalledTimes(2);
    expect(stores).toHaveLength(1);

    for (const calls of [3, 4, 5]) {
      stores[calls - 3]?.end(true);
      await settle();
      expect(callModel).toHaveBeenCalledTimes(calls);
      expect(stores).toHaveLength(calls - 1);
    }
    // The last step is the commit's to store, and so is what is still under way: the commit waits for nothing.
    const { kind, unstored } = await ran;
    expect(kind).toBe("ended");
    expect(checkpointsIn(unstored)).toBe(2);
    expect(stores.map(({ rows }) => checkpointsIn(rows))).toEqual([1, 1, 1, 1]);
  });

  test("that could not be stored are stored with the next one, and with the commit at the end", async () => {
    const { stores, ran } = start("sequence");
    for (const place of [0, 1, 2, 3]) {
      await settle();
      stores[place]?.end(false);
    }
    const { unstored } = await ran;
    expect(stores.map(({ rows }) => checkpointsIn(rows))).toEqual([1, 2, 3, 4]);
    expect(checkpointsIn(unstored)).toBe(5);
  });

  test("that are not stored yet are returned where the run is stopped", async () => {
    const { stores, stop, ran } = start("sequence");
    await settle();
    stop.abort({ stop: "lease_not_renewed" });
    stores[0]?.end(false);
    // The second answer was in; no third call is made.
    await settle();
    stores[1]?.end(false);
    const { kind, unstored } = await ran;
    expect(kind).toBe("stopped");
    expect(checkpointsIn(unstored)).toBe(2);
  });
});

test("of parallel agents: each answer is stored when it arrives, on the checkpoint that they all started from", async () => {
  const answers: (() => void)[] = [];
  const { stores, ran } = start("parallel", () => new Promise((end) => answers.push(() => end(answer))));
  for (const place of keys.keys()) {
    await settle();
    answers[place]?.();
    await settle();
    stores[place]?.end(true);
  }
  await ran;
  const [first, ...later] = stores.map(({ rows }) => rows);
  expect(first && checkpointsIn(first)).toBe(1);
  expect(later.map(checkpointsIn)).toEqual([0, 0, 0, 0]);
  const repliesIn = ({ writes }: CheckpointRows) =>
    writes.filter(({ channel }) => channel === "replies").length;
  expect(stores.map(({ rows }) => repliesIn(rows))).toEqual([1, 1, 1, 1, 1]);
});
