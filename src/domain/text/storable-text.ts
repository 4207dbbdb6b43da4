/** Whether Postgres stores a text and returns the same: it refuses NUL, and half a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes("\u0000") && text.isWellFormed();
}

/** A text as Postgres can store it: without NUL, and with U+FFFD for each half of a surrogate pair. */
export function toStorableText(text: string): string {
  return withoutNul(text).toWellFormed();
}

export function withoutNul(text: string): string {
  return text.replaceAll("\u0000", "");
}
