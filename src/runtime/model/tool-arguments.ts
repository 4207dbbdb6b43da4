import { parseJson, toRecord } from "./wire-values.ts";

const fence = /^```[a-z]*\s*\n?([\s\S]*?)\n?```\s*$/i;

/**
 * A call's arguments as a JSON object. Some models write JSON within JSON, a fence around it, or other text after it.
 * Arguments that would have to be guessed are returned unchanged.
 */
export function readArguments(text: string): string {
  const object = findObject(text.trim(), 0);
  return object ?? text;
}

function findObject(text: string, depth: number): string | null {
  const value = parseJson(text);
  if (toRecord(value) !== null) return text;
  if (typeof value === "string") return depth < 2 ? findObject(value.trim(), depth + 1) : null;
  if (value !== undefined) return null;
  const [, fenced] = fence.exec(text) ?? [];
  if (fenced !== undefined) return depth < 2 ? findObject(fenced.trim(), depth + 1) : null;
  return cutBehindObject(text);
}

/** The object that a text begins with. Null where another object follows: neither may be dropped. */
function cutBehindObject(text: string): string | null {
  const length = endOfObject(text);
  if (length === null) return null;
  const [object, rest] = [text.slice(0, length), text.slice(length).trim()];
  if (toRecord(parseJson(object)) === null) return null;
  return rest.startsWith("{") && rest !== object ? null : object;
}

/** Whether a text is a JSON object from its first character to its last. */
export function isWholeObject(text: string): boolean {
  const trimmed = text.trim();
  return trimmed.startsWith("{") && trimmed.endsWith("}") && toRecord(parseJson(trimmed)) !== null;
}

function endOfObject(text: string): number | null {
  if (!text.startsWith("{")) return null;
  return createObjectScanner().push(text);
}

/** Finds the end of a JSON object in a text that comes in pieces. Reads each character once. */
export type ObjectScanner = {
  /** The index after the object's closing brace in this piece. Null: it has not arrived. */
  push(piece: string): number | null;
};

export function createObjectScanner(): ObjectScanner {
  let depth = 0;
  let isInText = false;
  let isEscaped = false;
  return {
    push(piece) {
      for (let index = 0; index < piece.length; index += 1) {
        const character = piece[index];
        if (isEscaped) isEscaped = false;
        else if (isInText) {
          if (character === "\\") isEscaped = true;
          else if (character === '"') isInText = false;
        } else if (character === '"') isInText = true;
        else if (character === "{" || character === "[") depth += 1;
        else if (character === "}" || character === "]") {
          depth -= 1;
          if (depth === 0) return index + 1;
        }
      }
      return null;
    },
  };
}
