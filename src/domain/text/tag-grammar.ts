import { maskLiteralText } from "./literal-text.ts";
import { cjkLetters } from "./scripts.ts";

/** A tag `@key` as it stands in a message; whether the key is an agent's is for others to say. */
export type WrittenTag = {
  /** The key with all that may belong to it: dashes at its end, and underscores that end an emphasis. */
  written: string;
  /** So much of `written` is a key at least. */
  stemLength: number;
  /** Where the `@` stands, and where `written` ends. */
  start: number;
  end: number;
};

/**
 * The tags of a message, in order. None stands in code, in quoted lines, in URLs, after a backslash, after a
 * letter or digit (an e-mail address), nor before a letter or mark that makes another word of it (`@Anaïs` is
 * not `@ana`). CJK puts no blanks between words and is no obstacle. Takes linear time.
 */
export function findTags(message: string): WrittenTag[] {
  const text = maskLiteralText(message);
  return [...text.matchAll(/[^\r\n]+/g)].flatMap((line) => findInLine(line[0], line.index));
}

/** The message after the tags it begins with; a tool's prefix may stand there. */
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

/** What may stand before a leading tag, and what must follow it before other words begin. */
const onlyOpens = /^[\s*_~([{]*$/;
const separation = /[*_~)\]}]*[\s,.:;、，。：；]+/uy;

/**
 * An `@` that begins a tag. It follows no letter or digit, whose accents may be characters of their own, and
 * after `_` it stands only where that begins an emphasis. The sign comes first, and what precedes it is looked
 * at only where there is one: else a message of accents would take quadratic time.
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

/** From where to where `_` may mark words of the line as emphasised. */
function findEmphasis(line: string): { begin: number; end: number } {
  const begin = line.search(/(?<=^|[\s([{<*~])_+(?=[^\s_])/);
  const closings = begin === -1 ? [] : [...line.matchAll(/(?<=[^\s_])_+(?![\p{L}\p{N}_])/gu)];
  const end = closings.at(-1)?.index ?? -1;
  return end > begin ? { begin, end } : { begin: Number.POSITIVE_INFINITY, end: -1 };
}

/** Not by a pattern: `-+$` takes quadratic time on a message of dashes. */
function lengthWithout(endings: string, text: string): number {
  let end = text.length;
  while (end > 0 && endings.includes(text.charAt(end - 1))) end -= 1;
  return end;
}
