import { expect, test } from "vitest";
import { readBlock } from "../../console/src/markdown/parse-block.ts";

const lines = (line: string, characters: number) => `${line}\n`.repeat(characters / (line.length + 1));
const item = "- **An item** with a [link](https://found.example/), `code` and some words.";

/** Each question for the time is so much later than the last. */
function clockOf(stepMs: number) {
  let now = 0;
  return {
    nowMs: () => {
      now += stepMs;
      return now;
    },
    /** How many texts were read: each asks twice. */
    reads: () => now / stepMs / 2,
  };
}

test.each(["_* _* _* _* _* _* _* _* _* _*", "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"])(
  "a block of 60,000 characters that takes far too long is not read to its end: %s",
  (line) => {
    const startMs = performance.now();
    const reading = readBlock(lines(line, 60_000), 0, () => performance.now());
    expect(reading).toEqual({ tree: null, isSlow: true });
    expect(performance.now() - startMs).toBeLessThan(10_000);
  },
);

test("a long list is read, and shown as one", () => {
  const { tree, isSlow } = readBlock(lines(item, 30_000), 0, () => 0);
  expect(tree?.children).toMatchObject([{ type: "list" }]);
  expect(isSlow).toBe(false);
});

test("a block that grows is read once for each part that arrives, since what it had before was read in time", () => {
  const clock = clockOf(1);
  const block = lines(item, 30_000);
  expect(readBlock(block, block.length - 7, clock.nowMs).isSlow).toBe(false);
  expect(clock.reads()).toBe(1);
});

test("a block of up to 1,000 characters is never slow; a longer one is after 50 ms, and is shown that time", () => {
  expect(readBlock(lines(item, 1_000), 0, clockOf(51).nowMs).isSlow).toBe(false);
  const longer = readBlock(lines(item, 3_000), 0, clockOf(51).nowMs);
  expect(longer.isSlow).toBe(true);
  expect(longer.tree?.children).toMatchObject([{ type: "list" }]);
  expect(readBlock(lines(item, 3_000), 0, clockOf(50).nowMs).isSlow).toBe(false);
});
