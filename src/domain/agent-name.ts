/** Most characters of an agent's name. */
export const maxNameCharacters = 120;

/** What has no width or turns the direction of text: two names that look alike could differ in it. */
const invisible = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u;
const bracket = /[[\]［］]/;

/**
 * Whether a name may stand in a prompt's marks (`[Name]: …`) and in lines of a transcript: no part of it can
 * pass for another mark, another line or another agent.
 */
export function isPlainName(name: string): boolean {
  return !invisible.test(name) && !bracket.test(name);
}

const allInvisible = new RegExp(invisible, "gu");

/** A name as prompts show it. Names that were stored before they had rules may break them. */
export function toPlainName(name: string): string {
  return name
    .replace(/[\r\n\t\u2028\u2029]+/g, " ")
    .replace(allInvisible, "")
    .replace(/[[［]/g, "(")
    .replace(/[\]］]/g, ")");
}
