/** A model's answer to a prompt that asks for one JSON object. */
export type JsonReading =
  | { kind: "object"; fields: Readonly<Record<string, unknown>> }
  | { kind: "not_json" }
  | { kind: "not_object" }
  /** The answer holds different objects. */
  | { kind: "ambiguous" };

/**
 * Reads an answer that must be one JSON object. Reasoning before it, code fences, end tokens and prose around it are
 * skipped. Trailing commas, and line breaks within strings, are accepted. Never throws.
 */
export function readJsonObject(answer: string): JsonReading {
  const objects = findObjects(afterThinking(answer));
  const [first, ...others] = objects;
  if (first === undefined) return readWhole(answer.trim());
  const text = JSON.stringify(first);
  if (others.some((other) => JSON.stringify(other) !== text)) return { kind: "ambiguous" };
  return { kind: "object", fields: first };
}

/** An answer without an object may be another JSON value, or an object that was encoded twice. */
function readWhole(answer: string): JsonReading {
  const value = parse(answer);
  if (value === undefined) return { kind: "not_json" };
  const decoded = typeof value === "string" ? parse(value) : undefined;
  return isJsonObject(decoded) ? { kind: "object", fields: decoded } : { kind: "not_object" };
}

const reasoningOpens = /^\s*(?:<(think|thinking|thought|reasoning)>|\[THINK\]|◁think▷)/i;
const reasoningCloses = /<\/(?:think|thinking|thought|reasoning)>|\[\/THINK\]|◁\/think▷|<\|channel\|>final/gi;

/**
 * The answer after its reasoning. Some models send only the closing tag. A closing tag within a string of the object does
 * not count. An answer that never ends its reasoning is empty.
 */
export function afterThinking(answer: string): string {
  const strict = parse(answer.trim());
  if (strict !== undefined) return answer;
  const closings = [...answer.matchAll(reasoningCloses)];
  const isReasoning = reasoningOpens.test(answer);
  if (closings.length === 0) return isReasoning ? "" : answer;
  // The last closing tag that an object follows. A later tag is inside that object.
  for (const { index, 0: mark } of closings.toReversed().slice(0, maxAttempts)) {
    const rest = answer.slice(index + mark.length);
    if (findObjects(rest).length > 0) return rest;
  }
  return isReasoning ? "" : answer;
}

type JsonObject = Record<string, unknown>;

/** Beginnings of objects that are tried. The limit keeps the time linear. */
const maxAttempts = 32;
const objectBegins = /\{(?=\s*["}])/g;

function findObjects(text: string): JsonObject[] {
  const objects: JsonObject[] = [];
  let index = 0;
  for (let attempts = 0; attempts < maxAttempts; attempts += 1) {
    objectBegins.lastIndex = index;
    const start = objectBegins.exec(text)?.index;
    if (start === undefined) break;
    const end = objectEnd(text, start);
    const object = end === undefined ? undefined : parse(strictJson(text.slice(start, end)));
    if (end !== undefined && isJsonObject(object)) {
      objects.push(object);
      index = end;
    } else index = start + 1;
  }
  return objects;
}

/** A string, which may lack its end, or one of the structural characters of JSON. */
const jsonTokens = /"(?:[^"\\]|\\[\s\S]?)*(?:"|$)|[{}[\],]/g;

/** The index after the bracket that closes the one at `start`. */
function objectEnd(text: string, start: number): number | undefined {
  let depth = 0;
  jsonTokens.lastIndex = start;
  for (let token = jsonTokens.exec(text); token !== null; token = jsonTokens.exec(text)) {
    if (token[0] === "{" || token[0] === "[") depth += 1;
    if (token[0] === "}" || token[0] === "]") depth -= 1;
    if (depth === 0) return token.index + 1;
  }
  return undefined;
}

const looseParts = /"(?:[^"\\]|\\[\s\S]?)*(?:"|$)|,(?=\s*[}\]])/g;

/** Removes trailing commas and escapes line breaks within strings. */
function strictJson(text: string): string {
  return text.replace(looseParts, (part) =>
    part === "," ? "" : part.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1)),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
