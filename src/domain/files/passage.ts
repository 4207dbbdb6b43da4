/** Characters of a passage at most. */
export const passageCharacters = 320;

/** Places of words that are looked at: a page may be full of them. */
const maxPlaces = 500;

/**
 * The part of a text that has the most of these words, cut between words, on one line. Without any of them it is the
 * text's beginning. `words` are in lower case.
 */
export function cutPassage(text: string, words: readonly string[]): string {
  const places = findPlaces(text, words);
  const start = Math.max(0, bestStart(places) - leadCharacters);
  const isWhole = text.length <= passageCharacters;
  const passage = isWhole ? text : trimToWords(text, start, start + passageCharacters);
  return passage.replace(/\s+/gu, " ").trim();
}

/** Text before the first word of a passage. */
const leadCharacters = 60;

type Place = { index: number; word: string };

function findPlaces(text: string, words: readonly string[]): Place[] {
  if (words.length === 0) return [];
  const longestFirst = words.toSorted((left, right) => right.length - left.length);
  const pattern = new RegExp(longestFirst.map(toPattern).join("|"), "giu");
  const places: Place[] = [];
  for (const { index, 0: found } of text.matchAll(pattern)) {
    places.push({ index, word: found.toLowerCase() });
    if (places.length === maxPlaces) break;
  }
  return places;
}

function toPattern(word: string): string {
  return word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** Where the window begins that has the most different words; of equal ones the first. */
function bestStart(places: readonly Place[]): number {
  let best = { start: 0, words: 0 };
  places.forEach(({ index: start }, nth) => {
    const end = start + passageCharacters - 2 * leadCharacters;
    const inWindow = places.slice(nth, nth + maxPlaces).filter(({ index }) => index < end);
    const words = new Set(inWindow.map(({ word }) => word)).size;
    if (words > best.words) best = { start, words };
  });
  return best.start;
}

/** A piece of at most `end - start` characters that begins and ends between words, where there are blanks. */
function trimToWords(text: string, start: number, end: number): string {
  const piece = text.slice(start, end);
  const first = start === 0 ? 0 : piece.slice(0, leadCharacters).search(/\s/u) + 1;
  const lastBlank = end >= text.length ? -1 : piece.search(/\s\S{0,40}$/u);
  const last = lastBlank > passageCharacters / 2 ? lastBlank : piece.length;
  return piece.slice(first, last).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/gu, "");
}
