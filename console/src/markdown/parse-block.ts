import type { Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

/** A longer text is shown as it is. */
const maxCharacters = 64 * 1024;
/** More marks that nest in one line make the parser slow: `- ` × 6,000 takes seconds. */
const maxNestedMarks = 100;
/** Once a block of a text has taken so long, the rest of it is shown as it is. */
export const maxParseMs = 50;
/** Whatever marks it has, a block of this size is read in less time. */
export const maxShortCharacters = 1_000;

const nestedMarks = /(?:[-*+>]|\d{1,9}[.)])(?=[ \t])|[[\]*_~`!<|]/g;

const extensions = [gfm()];
const mdastExtensions = [gfmFromMarkdown()];

/** Whether a block can be read in the time that a frame has. */
export function isReadable(block: string): boolean {
  if (block.length > maxCharacters) return false;
  return block.split("\n").every((line) => {
    if (line.length < maxNestedMarks) return true;
    return (line.match(nestedMarks)?.length ?? 0) <= maxNestedMarks * lineShare(line);
  });
}

/** A long paragraph in one line has more marks than a short one, and they do not nest. */
function lineShare(line: string): number {
  return Math.max(1, line.length / 2_000);
}

/** The tree of a block. Markup in it is text of kind `html`, which is shown as text. */
export function parseBlock(block: string): Root {
  return fromMarkdown(block, { extensions, mdastExtensions });
}
