import { expect, test, vi } from "vitest";
import { standardModels } from "../../src/domain/catalog.ts";
import { limitCalls } from "../../src/runtime/graph/call-limit.ts";
import { startStopwatch } from "../../src/runtime/graph/stopwatch.ts";
import { type CallModel, type ModelAnswer, plainCall } from "../../src/runtime/model/model-port.ts";

const [model] = standardModels;
if (model === undefined) throw new Error("there is no model");
const request = (signal = new AbortController().signal) => ({
  ...plainCall,
  model,
  messages: [],
  maxOutputTokens: 1,
  signal,
});
const answer: ModelAnswer = {
  ok: true,
  text: "hi",
  toolCalls: [],
  finishReason: "stop",
  providerReason: "stop",
  billed: [],
  attempts: 1,
};

/** Calls that the test ends. */
function heldCalls() {
  const ends: (() => void)[] = [];
  const callModel: CallModel = () => new Promise((resolve) => ends.push(() => resolve(answer)));
  return { ends, callModel };
}

test("two calls run at once, and the next starts when one ends", async () => {
  const { ends, callModel } = heldCalls();
  const limited = limitCalls(callModel, 2, () => true);
  const calls = [limited(request()), limited(request()), limited(request())];
  await Promise.resolve();
  expect(ends).toHaveLength(2);

  ends[1]?.();
  await calls[1];
  await vi.waitFor(() => expect(ends).toHaveLength(3));
  for (const end of ends) end();
  expect(await Promise.all(calls)).toEqual([answer, answer, answer]);
});

test("a call whose signal aborts while it waits is never made", async () => {
  const { ends, callModel } = heldCalls();
  const limited = limitCalls(callModel, 1, () => true);
  const aborter = new AbortController();
  const first = limited(request());
  const second = limited(request(aborter.signal));
  const failure = { code: "deadline", message: "too late" };
  aborter.abort(failure);
  await Promise.resolve();
  ends[0]?.();

  expect(await second).toEqual({ ok: false, failure, billed: [], attempts: 0 });
  expect((await first).ok).toBe(true);
  expect(ends).toHaveLength(1);
});

test("a call that throws becomes a failed answer", async () => {
  const limited = limitCalls(
    () => Promise.reject(new Error("a secret")),
    1,
    () => true,
  );
  const result = await limited(request());
  expect(result).toMatchObject({ ok: false, failure: { code: "model_error" } });
  expect(JSON.stringify(result)).not.toContain("secret");
});

test("the stopwatch counts time once, however many calls are in flight", async () => {
  let nowMs = 0;
  const { ends, callModel } = heldCalls();
  const stopwatch = startStopwatch(() => nowMs);
  const timed = stopwatch.timing(callModel);
  const first = timed(request());
  nowMs = 10;
  const second = timed(request());
  nowMs = 30;
  ends[0]?.();
  await first;
  nowMs = 35;
  ends[1]?.();
  await second;
  nowMs = 100;
  const third = timed(request());
  nowMs = 101;
  ends[2]?.();
  await third;
  expect(stopwatch.elapsedMs()).toBe(36);
});
