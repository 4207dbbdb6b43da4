import { maskLiteralText } from "./literal-text.ts";
import { cjkLetters } from "./scripts.ts";

/** A tag `@key` of a message. Its key may be no agent's. */
export type WrittenTag = {
  /** The longest possible key, with dashes at its end and underscores that may end an emphasis. */
  written: string;
  /** The length of the shortest possible key in `written`. */
  stemLength: number;
  /** The index of the `@`, and the index after `written`. */
  start: number;
  end: number;
};

/**
 * The tags of a message, in order. There are none in code, in quoted lines, in URLs, after a backslash, after a letter or
 * digit (an e-mail address), nor before a letter or mark that makes it another word (`@Anaïs` is not `@ana`). CJK
 * letters may touch a tag, since they have no blanks between words. Takes linear time.
 */
export function findTags(message: string): WrittenTag[] {
  const text = maskLiteralText(message);
  return [...text.matchAll(/[^\r\n]+/g)].flatMap((line) => findInLine(line[0], line.index));
}

/** The message after its leading tags, where a tool's prefix may be. */
export function afterLeadingTags(message: string): string {
  let start = 0;
  for (const tag of findTags(message)) {
    if (!onlyOpens.test(message.slice(start, tag.start))) break;
    separation.lastIndex = tag.end;
    if (!separation.test(message)) break;
    start = separation.lastIndex;
  }
  return message.slice(start).trimStart();
}

/** Characters that may precede a leading tag, and those that must separate it from the next word. */
const onlyOpens = /^[\s*_~([{]*$/;
const separation = /[*_~)\]}]*[\s,.:;、，。：；]+/uy;

/**
 * An `@` that begins a tag. It follows no letter or digit, whose accents may be separate characters, and follows `_` only
 * where that begins an emphasis. The pattern matches the sign first and looks back from there: otherwise a message of
 * accents would take quadratic time.
 */
const tagSign = new RegExp(
  `@(?<!(?![${cjkLetters}])[\\p{L}\\p{N}]\\p{M}*@)(?<![.\\-@\\\\_]@)|@(?<=(?:^|[\\s([{<])[*~]*_[_*~]*@)`,
  "gu",
);
const keyCharacters = /[A-Za-z0-9_-]+/y;
const continuesWord = /(?=\p{L})[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]|\p{M}/uy;

function findInLine(line: string, offset: number): WrittenTag[] {
  const emphasis = findEmphasis(line);
  return [...line.matchAll(tagSign)].flatMap(({ index: start }) => {
    if (line[start - 1] === "_" && start > emphasis.end) return [];
    keyCharacters.lastIndex = start + 1;
    const written = keyCharacters.exec(line)?.[0];
    if (written === undefined) return [];
    const end = start + 1 + written.length;
    continuesWord.lastIndex = end;
    if (continuesWord.test(line)) return [];
    const stemLength = lengthWithout(start > emphasis.begin ? "-_" : "-", written);
    return [{ written, stemLength, start: offset + start, end: offset + end }];
  });
}

/** The part of the line in which `_` may mark emphasis. */
function findEmphasis(line: string): { begin: number; end: number } {
  const begin = line.search(/(?<=^|[\s([{<*~])_+(?=[^\s_])/);
  const closings = begin === -1 ? [] : [...line.matchAll(/(?<=[^\s_])_+(?![\p{L}\p{N}_])/gu)];
  const end = closings.at(-1)?.index ?? -1;
  return end > begin ? { begin, end } : { begin: Number.POSITIVE_INFINITY, end: -1 };
}

/** A pattern like `-+$` would take quadratic time on a message of dashes. */
function lengthWithout(endings: string, text: string): number {
  let end = text.length;
  while (end > 0 && endings.includes(text.charAt(end - 1))) end -= 1;
  return end;
}
