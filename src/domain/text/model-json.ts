/** What a model's answer was, where one JSON object was asked for. */
export type JsonReading =
  | { kind: "object"; fields: Readonly<Record<string, unknown>> }
  | { kind: "not_json" }
  | { kind: "not_object" }
  /** Different objects: which one is meant cannot be told. */
  | { kind: "ambiguous" };

/**
 * Reads an answer that must be one JSON object. Thinking before it, code fences, end tokens and prose around it
 * are left out, and a trailing comma or a line break within a string is read. Never throws.
 */
export function readJsonObject(answer: string): JsonReading {
  const objects = findObjects(afterThinking(answer));
  const [first, ...others] = objects;
  if (first === undefined) return readWhole(answer.trim());
  const text = JSON.stringify(first);
  if (others.some((other) => JSON.stringify(other) !== text)) return { kind: "ambiguous" };
  return { kind: "object", fields: first };
}

/** An answer without an object in it may be JSON all the same, or an object that was encoded twice. */
function readWhole(answer: string): JsonReading {
  const value = parse(answer);
  if (value === undefined) return { kind: "not_json" };
  const decoded = typeof value === "string" ? parse(value) : undefined;
  return isJsonObject(decoded) ? { kind: "object", fields: decoded } : { kind: "not_object" };
}

const thinkingOpens = /^\s*(?:<(think|thinking|thought|reasoning)>|\[THINK\]|◁think▷)/i;
const thinkingCloses = /<\/(?:think|thinking|thought|reasoning)>|\[\/THINK\]|◁\/think▷|<\|channel\|>final/gi;

/**
 * What follows the thinking. Some models send its closing tag alone; one within a string of the object is no
 * end of thinking. An answer that never ends its thinking says nothing.
 */
export function afterThinking(answer: string): string {
  const strict = parse(answer.trim());
  if (strict !== undefined) return answer;
  const closings = [...answer.matchAll(thinkingCloses)];
  const isThinking = thinkingOpens.test(answer);
  if (closings.length === 0) return isThinking ? "" : answer;
  // The last end of thinking behind which an object stands: behind a later one, inside that object, none does.
  for (const { index, 0: mark } of closings.toReversed().slice(0, maxAttempts)) {
    const rest = answer.slice(index + mark.length);
    if (findObjects(rest).length > 0) return rest;
  }
  return isThinking ? "" : answer;
}

type JsonObject = Record<string, unknown>;

/** So many beginnings of objects are tried: an answer of nothing else must not cost its length squared. */
const maxAttempts = 32;
const objectBegins = /\{(?=\s*["}])/g;

function findObjects(text: string): JsonObject[] {
  const objects: JsonObject[] = [];
  let place = 0;
  for (let attempts = 0; attempts < maxAttempts; attempts += 1) {
    objectBegins.lastIndex = place;
    const start = objectBegins.exec(text)?.index;
    if (start === undefined) break;
    const end = objectEnd(text, start);
    const object = end === undefined ? undefined : parse(strictJson(text.slice(start, end)));
    if (end !== undefined && isJsonObject(object)) {
      objects.push(object);
      place = end;
    } else place = start + 1;
  }
  return objects;
}

/** A string, which may lack its end, or one of the marks that the structure of JSON is made of. */
const jsonTokens = /"(?:[^"\\]|\\[\s\S]?)*(?:"|$)|[{}[\],]/g;

/** Behind the bracket that closes the one at `start`. */
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

/** Without trailing commas, and with the line breaks of strings escaped. */
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
