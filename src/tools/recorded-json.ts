import { cutBytes } from "../domain/text/cut-text.ts";
import { toStorableText } from "../domain/text/storable-text.ts";
import type { JsonRecord, JsonValue } from "../domain/tool.ts";

/** What one record of a tool call may take, in bytes of its JSON. */
const maxRecordedBytes = 8_192;

/** Written as a JSON string again, a JSON text grows to twice its size at most. */
const previewBytes = Math.floor((maxRecordedBytes - '{"truncated":true,"preview":""}'.length) / 2);

/**
 * A record as it is stored: without what Postgres refuses, and within `maxRecordedBytes`. A larger one
 * becomes `{truncated: true, preview}` with the beginning of its JSON.
 */
export function toRecordedJson(record: JsonRecord): JsonRecord {
  const storable = storableMembers(record);
  const text = JSON.stringify(storable);
  if (new TextEncoder().encode(text).byteLength <= maxRecordedBytes) return storable;
  return { truncated: true, preview: cutBytes(text, previewBytes) };
}

function storableMembers(record: JsonRecord): JsonRecord {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [toStorableText(key), toStorable(value)]),
  );
}

function toStorable(value: JsonValue): JsonValue {
  if (typeof value === "string") return toStorableText(value);
  if (typeof value !== "object" || value === null) return value;
  return isList(value) ? value.map(toStorable) : storableMembers(value);
}

/** `Array.isArray` as the compiler does not know it: it also tells a list that cannot be changed. */
function isList(value: readonly JsonValue[] | JsonRecord): value is readonly JsonValue[] {
  return Array.isArray(value);
}
