import { toOneLine } from "../text/one-line.ts";

/** Code points of a title that is made from a message. */
const madeTitleCharacters = 80;
/** Code points of a title that a user gives. */
export const maxTitleCharacters = 200;

/** The title of a session that its user gave none: the first line of its first message; null: the line shows nothing. */
export function titleOf(message: string): string | null {
  const [firstLine = ""] = message.trimStart().split(/\r\n|[\n\r\u2028\u2029]/, 1);
  return toOneLine(firstLine, madeTitleCharacters) || null;
}
