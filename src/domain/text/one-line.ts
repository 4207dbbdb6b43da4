import { cutCharacters } from "./cut-text.ts";

/** A text is cut to this many times its limit before it is cleaned: invisible characters may take the rest. */
const invisibleShare = 4;

/**
 * A text of unknown origin as one line of at most `characters` code points. White space and control characters become
 * one space. Invisible characters are dropped, since they can hide instructions from people; the joiners that scripts
 * and emoji need stay.
 */
export function toOneLine(text: string, characters: number): string {
  const line = cutCharacters(text, invisibleShare * characters)
    .toWellFormed()
    .replace(/(?![\u200c\u200d])\p{Cf}/gu, "")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  return cutCharacters(line, characters).trimEnd();
}
