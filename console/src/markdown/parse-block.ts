import type { Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

/** More marks that nest in one line make the parser slow: `- ` × 6,000 takes seconds. */
const maxNestedMarks = 100;
/** Once a block of a text has taken so long, the rest of it is shown as it is. */
const maxParseMs = 50;
/** Whatever marks it has, a block of this size is read in less time: it is slow only where the machine is busy. */
const maxShortCharacters = 1_000;

const nestedMarks = /(?:[-*+>]|\d{1,9}[.)])(?=[ \t])|[[\]*_~`!<|]/g;

const extensions = [gfm()];
const mdastExtensions = [gfmFromMarkdown()];

/** `tree`: what is shown; null: the block as it is. Markup in it is text of kind `html`, which is shown as text. */
export type BlockReading = { tree: Root | null; isSlow: boolean };

/**
 * Reads a block. Marks in many lines can make the parser's time grow with the square of the length, and nothing stops it.
 * So beginnings of a long block are read first, each twice as long as the last: a slow block is noticed early.
 * `readBefore`: what was read in time before. Where the block goes on from it, beginnings up to there need no reading.
 */
export function readBlock(block: string, readBefore: string, nowMs: () => number): BlockReading {
  if (!hasFewMarks(block)) return { tree: null, isSlow: false };
  if (block.length <= maxShortCharacters) return { tree: parse(block), isSlow: false };
  const read = startReading(nowMs);
  const readLength = block.startsWith(readBefore) ? readBefore.length : 0;
  for (let length = 2 * Math.max(readLength, maxShortCharacters); length <= block.length / 2; length *= 2) {
    if (read(block.slice(0, length)).isSlow) return { tree: null, isSlow: true };
  }
  return read(block);
}

/**
 * Reads and takes the time. The first text, if it was slow, is read again, and only the second time counts: the browser
 * compiles the parser while it first runs.
 */
function startReading(nowMs: () => number) {
  let isWarm = false;
  return function read(text: string): { tree: Root; isSlow: boolean } {
    const startMs = nowMs();
    const tree = parse(text);
    const isSlow = nowMs() - startMs > maxParseMs;
    const countsNot = isSlow && !isWarm;
    isWarm = true;
    return countsNot ? read(text) : { tree, isSlow };
  };
}

function parse(text: string): Root {
  return fromMarkdown(text, { extensions, mdastExtensions });
}

/** Whether no line of a block has so many marks that the line alone would be slow. */
function hasFewMarks(block: string): boolean {
  return block.split("\n").every((line) => {
    if (line.length < maxNestedMarks) return true;
    return (line.match(nestedMarks)?.length ?? 0) <= maxNestedMarks * lineShare(line);
  });
}

/** A long paragraph in one line has more marks than a short one, and they do not nest. */
function lineShare(line: string): number {
  return Math.max(1, line.length / 2_000);
}
