/** What a model's answer was, where one JSON object was asked for. */
export type JsonReading =
  | { kind: "object"; fields: Readonly<Record<string, unknown>> }
  | { kind: "not_json" }
  | { kind: "not_object" };

/**
 * Reads an answer that must be one JSON object and nothing else. A code fence around the whole of it is
 * stripped; JSON that stands inside prose is not looked for. Never throws.
 */
export function readJsonObject(answer: string): JsonReading {
  try {
    const value: unknown = JSON.parse(stripCodeFence(answer));
    return isJsonObject(value) ? { kind: "object", fields: value } : { kind: "not_object" };
  } catch {
    return { kind: "not_json" };
  }
}

const fence = "```";

function stripCodeFence(answer: string): string {
  const text = answer.trim();
  if (!text.startsWith(fence) || !text.endsWith(fence)) return text;
  return text.slice(fence.length, -fence.length).replace(/^[A-Za-z]+/, "");
}

function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
