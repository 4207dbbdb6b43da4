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

/** The first words of a text, unchanged. A word is a run of anything but white space. */
export function cutWords(text: string, words: number): string {
  let count = 0;
  for (const { index, 0: word } of text.matchAll(/\S+/g)) {
    count += 1;
    if (count === words) return text.slice(0, index + word.length);
  }
  return text;
}
