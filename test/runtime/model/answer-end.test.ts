import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { watchAnswerEnd } from "../../../src/runtime/model/answer-end.ts";
import { createAnswerReader } from "../../../src/runtime/model/answer-reader.ts";
import { chunkOf } from "./read-answer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const usage = { choices: [], usage: { prompt_tokens: 9, completion_tokens: 2 } };
const end = chunkOf({}, "stop");

/** Feeds chunks one by one; gives how long the connection is waited on behind the last, null: as long as it takes. */
function waitAfter(...chunks: readonly object[]): number | null {
  const reader = createAnswerReader({
    maxOutputTokens: 100,
    reasoningInText: false,
    onText: () => undefined,
    onProgress: () => undefined,
  });
  const startedMs = Date.now();
  let stoppedMs: number | null = null;
  const watched = watchAnswerEnd(() => {
    stoppedMs = Date.now();
  });
  for (const chunk of chunks) {
    reader.feed(new TextEncoder().encode(`data: ${JSON.stringify(chunk)}\n\n`));
    expect(watched.isReached(reader.answer)).toBe(false);
  }
  vi.advanceTimersByTime(60_000);
  return stoppedMs === null ? null : stoppedMs - startedMs;
}

describe("a connection that stays open is closed", () => {
  const said = chunkOf({ content: "hi" });

  test.each([
    ["200 ms after a usage report behind the finish reason", [said, end, usage], 200],
    [
      "200 ms after a usage report that came with the finish reason",
      [said, { ...end, usage: usage.usage }],
      200,
    ],
    ["2 s after a finish reason alone", [said, end], 2_000],
    ["2 s after a finish reason whose usage came before it", [said, usage, end], 2_000],
  ])("%s", (_when, chunks, waitMs) => {
    expect(waitAfter(...chunks)).toBe(waitMs);
  });

  test("only by its peer before a finish reason", () => {
    expect(waitAfter(said, usage)).toBeNull();
  });

  test("once, whatever comes later", () => {
    expect(waitAfter(said, end, usage, usage, chunkOf({}))).toBe(200);
  });
});
