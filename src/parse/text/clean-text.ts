/** Line ends of other systems, and characters that start a new line or page. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced.
const lineEnds = /\r\n?|[\u000b\u000c\u0085\u2028\u2029]/g;

/** Control characters except tab and line feed. Postgres cannot store NUL; the others show nothing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
const controls = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Text as it is stored: lines end in a line feed, no control characters, no lone surrogates. */
export function cleanText(text: string): string {
  return text.replace(lineEnds, "\n").replace(controls, "").toWellFormed();
}
