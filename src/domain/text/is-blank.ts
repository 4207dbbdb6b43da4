/** A character that shows: no space, no control, and nothing that a reader is to ignore, a zero-width space for one. */
const visible = /[^\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Whether a reader of a text sees nothing. */
export function isBlank(text: string): boolean {
  return !visible.test(text);
}
