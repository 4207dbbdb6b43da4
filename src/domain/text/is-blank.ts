/** A character that a reader sees: no space, no control or format character, nothing of zero width. */
const visible = /[^\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Whether a text shows nothing to a reader. */
export function isBlank(text: string): boolean {
  return !visible.test(text);
}
