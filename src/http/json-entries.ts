const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const openBrace = 0x7b;

/**
 * Whether the objects and lists of a JSON text have more than `max` entries, at every depth. An empty one counts as an entry
 * too. Nothing is built, and the text need not be valid: `JSON.parse` stops where the two would read it differently.
 */
export function hasMoreEntries(json: string, max: number): boolean {
  let entries = 0;
  let isInString = false;
  for (let index = 0; index < json.length; index += 1) {
    const unit = json.charCodeAt(index);
    if (unit === quote) isInString = !isInString;
    else if (isInString) index += unit === backslash ? 1 : 0;
    // A list of n entries has one bracket that opens it and n - 1 commas.
    else if (unit === comma || unit === openBracket || unit === openBrace) entries += 1;
    if (entries > max) return true;
  }
  return false;
}
