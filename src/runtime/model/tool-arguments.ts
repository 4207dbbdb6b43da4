import { parseJson, toRecord } from "./wire-values.ts";

const fence = /^```[a-z]*\s*\n?([\s\S]*?)\n?```\s*$/i;

/**
 * A call's arguments as a JSON object, where some model wrote them as JSON within JSON, in a fence or with rubbish
 * behind; as they are where no object can be made of them without guessing.
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

/** The object that a text begins with. Two different ones are no object: neither may be dropped. */
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

/** Finds the end of a JSON object in a text that comes in pieces, each character looked at once. */
export type ObjectScanner = {
  /** The place behind the object's closing brace in this piece; null: it is not yet there. */
  push(piece: string): number | null;
};

export function createObjectScanner(): ObjectScanner {
  let depth = 0;
  let isInText = false;
  let isEscaped = false;
  return {
    push(piece) {
      for (let at = 0; at < piece.length; at += 1) {
        const character = piece[at];
        if (isEscaped) isEscaped = false;
        else if (isInText) {
          if (character === "\\") isEscaped = true;
          else if (character === '"') isInText = false;
        } else if (character === '"') isInText = true;
        else if (character === "{" || character === "[") depth += 1;
        else if (character === "}" || character === "]") {
          depth -= 1;
          if (depth === 0) return at + 1;
        }
      }
      return null;
    },
  };
}
