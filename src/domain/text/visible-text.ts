/** No white space, no control or format character, and nothing of zero width. */
const visible = /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Whether a text shows anything to a reader. */
export function hasVisibleText(text: string): boolean {
  return visible.test(text);
}
