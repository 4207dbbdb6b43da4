import { cutCharacters } from "../domain/text/cut-text.ts";

/** Longer texts are cut before they are cleaned: what is invisible takes no more room than this. */
const roomForInvisible = 4;

/**
 * A text of unknown origin as one clean line of at most `characters` code points: well-formed, white space
 * and control characters made one space, invisible characters dropped (they can hide instructions from
 * people; the joiners that scripts and emoji need stay).
 */
export function toOneLine(text: string, characters: number): string {
  const line = cutCharacters(text, roomForInvisible * characters)
    .toWellFormed()
    .replace(/(?![\u200c\u200d])\p{Cf}/gu, "")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  return cutCharacters(line, characters).trimEnd();
}
