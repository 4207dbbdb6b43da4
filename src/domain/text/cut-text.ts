/** The first characters of a text; a character is a Unicode code point and is never cut in two. */
export function cutCharacters(text: string, characters: number): string {
  if (text.length <= characters) return text;
  return [...text.slice(0, 2 * characters)].slice(0, characters).join("");
}

/** As much of the beginning of a text as fits into `bytes` of UTF-8, cut between characters. */
export function cutBytes(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}

/** The first words of a text as they stand; a word is a run of anything but white space. */
export function cutWords(text: string, words: number): string {
  let count = 0;
  for (const { index, 0: word } of text.matchAll(/\S+/g)) {
    count += 1;
    if (count === words) return text.slice(0, index + word.length);
  }
  return text;
}

/** A text that Postgres can hold: JSON's escapes can spell NUL and half a surrogate pair, which it refuses. */
export function toStorableText(text: string): string {
  return text.replaceAll("\u0000", "").toWellFormed();
}
