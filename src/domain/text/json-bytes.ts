/**
 * Bytes of a value as JSON, the form in which texts are sent to the database and back. Infinite where a value is nested
 * too deep to be written.
 */
export function jsonBytes(value: unknown): number {
  try {
    return new TextEncoder().encode(JSON.stringify(value)).byteLength;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** The longest beginning of a text that has at most `maxBytes` as a JSON string, cut between characters. */
export function cutJsonBytes(text: string, maxBytes: number): string {
  if (jsonBytes(text) <= maxBytes) return text;
  let bytes = '""'.length;
  let end = 0;
  for (const character of text) {
    bytes += jsonBytes(character) - '""'.length;
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}
