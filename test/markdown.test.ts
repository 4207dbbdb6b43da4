import { fromMarkdown } from "mdast-util-from-markdown";
import { beforeEach, expect, test, vi } from "vitest";
import { readBlock } from "../console/src/markdown/parse-block.ts";

// The parser stays as it is: the tests see what it reads.
vi.mock("mdast-util-from-markdown", { spy: true });

const lines = (line: string, characters: number) => `${line}\n`.repeat(characters / (line.length + 1));
const item = "- **An item** with a [link](https://found.example/), `code` and some words.";

/** The lengths of what was read so far, in order. */
const lengthsRead = () => vi.mocked(fromMarkdown).mock.calls.map(([text]) => text.length);

/** A clock that only the parser moves: `msOf` says how long it takes for a text of so many characters. */
const clockOf = (msOf: (length: number, index: number) => number) => () =>
  lengthsRead()
    .map(msOf)
    .reduce((sum, ms) => sum + ms, 0);

/** Each text takes so long, whatever its length. */
const each = (ms: number) => clockOf(() => ms);

beforeEach(() => void vi.mocked(fromMarkdown).mockClear());

test("a block of 60,000 characters that takes far too long is not read to its end", () => {
  const growsWithTheSquare = clockOf((length) => (length / 1_000) ** 2);
  expect(readBlock(lines(item, 60_000), "", growsWithTheSquare)).toEqual({ tree: null, isSlow: true });
  expect(lengthsRead()).toEqual([2_000, 4_000, 8_000]);
});

test("a long list is read, and shown as one", () => {
  const { tree, isSlow } = readBlock(lines(item, 30_000), "", () => 0);
  expect(tree?.children).toMatchObject([{ type: "list" }]);
  expect(isSlow).toBe(false);
});

test("a block that grows is read once for each part that arrives, since what it had before was read in time", () => {
  const block = lines(item, 30_000);
  expect(readBlock(block, block.slice(0, -7), () => 0).isSlow).toBe(false);
  expect(lengthsRead()).toEqual([block.length]);
});

test("a block in the place of another, as long as that, is read from its beginning", () => {
  const block = lines(item, 5_000);
  readBlock(block, block.replace("- **An", "* **An"), () => 0);
  expect(lengthsRead()).toEqual([2_000, block.length]);
});

test("a block of up to 1,000 characters is never slow; a longer one is after 50 ms, and is shown that time", () => {
  expect(readBlock(lines(item, 1_000), "", each(51)).isSlow).toBe(false);
  const longer = readBlock(lines(item, 3_000), "", each(51));
  expect(longer.isSlow).toBe(true);
  expect(longer.tree?.children).toMatchObject([{ type: "list" }]);
  expect(readBlock(lines(item, 3_000), "", each(50)).isSlow).toBe(false);
});

test("a block is not slow because the parser was when it first ran: the beginning is then read again", () => {
  const block = lines(item, 5_000);
  const isColdAtFirst = clockOf((_, index) => (index === 0 ? 500 : 1));
  expect(readBlock(block, "", isColdAtFirst).isSlow).toBe(false);
  expect(lengthsRead()).toEqual([2_000, 2_000, block.length]);
});

test("a block whose first beginning is slow twice is not read on", () => {
  expect(readBlock(lines(item, 5_000), "", each(51))).toEqual({ tree: null, isSlow: true });
  expect(lengthsRead()).toEqual([2_000, 2_000]);
});
