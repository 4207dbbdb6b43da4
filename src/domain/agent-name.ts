/** Characters of an agent's name. */
export const maxNameCharacters = 120;

/** Characters without width, or that change the direction of text. Names that look equal could differ in them. */
const invisible = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u;
const bracket = /[[\]［］]/;

/**
 * Whether a name can be used in a prompt's marks (`[Name]: …`) and in the lines of a transcript: no part of it can be
 * mistaken for another mark, another line or another agent.
 */
export function isPlainName(name: string): boolean {
  return !invisible.test(name) && !bracket.test(name);
}

const allInvisible = new RegExp(invisible, "gu");

/** A name as prompts show it. Names that were stored before this rule existed may break it. */
export function toPlainName(name: string): string {
  return name
    .replace(/[\r\n\t\u2028\u2029]+/g, " ")
    .replace(allInvisible, "")
    .replace(/[[［]/g, "(")
    .replace(/[\]］]/g, ")");
}
