import { jsonBytes } from "../text/json-bytes.ts";
import type { FilePage } from "./file-library.ts";

/** A page as an agent is given it. `cut`: only its beginning is there. */
export type ShownPage = { page: number; text: string; cut?: true };

export type PageRoom = {
  tokens: number;
  /** Of the pages' JSON, as it is written into a JSON string again. */
  bytes: number;
};

/** Pages in one result, however short they are. */
export const maxPagesOfResult = 100;

/** Bytes of a page's JSON beside its text. */
const frameBytes = 64;

/**
 * The first pages, whole, while they fit. A first page that does not fit is cut at the end of a sentence.
 * `estimateTokens` measures the text of a page that is cut.
 */
export function fitPages(
  pages: readonly FilePage[],
  room: PageRoom,
  estimateTokens: (text: string) => number,
): { shown: ShownPage[]; tokens: number } {
  const shown: ShownPage[] = [];
  let { tokens, bytes } = room;
  for (const { page, text, tokens: pageTokens } of pages) {
    const size = pageBytes(text);
    if (pageTokens > tokens || size > bytes) break;
    shown.push({ page, text });
    tokens -= pageTokens;
    bytes -= size;
  }
  const [first] = pages;
  if (shown.length > 0 || first === undefined) return { shown, tokens: room.tokens - tokens };
  const text = cutPage(first.text, room, estimateTokens);
  return { shown: [{ page: first.page, text, cut: true }], tokens: estimateTokens(text) };
}

/** Bytes of a page in a result, whose JSON is a string of another JSON. */
export function pageBytes(text: string): number {
  return frameBytes + jsonBytes(JSON.stringify(text));
}

/** The longest beginning that fits, cut at the end of a sentence. */
function cutPage(text: string, room: PageRoom, estimateTokens: (text: string) => number): string {
  const isFitting = (length: number) => {
    const beginning = text.slice(0, length);
    return estimateTokens(beginning) <= room.tokens && pageBytes(beginning) <= room.bytes;
  };
  let [fits, isTooLong] = [0, text.length + 1];
  while (isTooLong - fits > 1) {
    const length = Math.floor((fits + isTooLong) / 2);
    if (isFitting(length)) fits = length;
    else isTooLong = length;
  }
  return cutAtSentence(text.slice(0, fits));
}

const sentenceEnds = /[.!?…]["'”’)\]]*(?=\s)|[。！？]|\n/gu;

/** Cuts a beginning of a text at the end of its last sentence, else of its last word, else between characters. */
function cutAtSentence(beginning: string): string {
  let end = 0;
  for (const { index, 0: mark } of beginning.matchAll(sentenceEnds)) end = index + mark.length;
  if (end === 0) end = lastBlank(beginning);
  return end > 0 ? beginning.slice(0, end) : beginning.replace(/[\ud800-\udbff]$/, "");
}

/** Without a pattern that ends in `$`, which takes quadratic time. */
function lastBlank(text: string): number {
  return Math.max(...[" ", "\t", "\u3000"].map((blank) => text.lastIndexOf(blank)));
}
