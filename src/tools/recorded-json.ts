import { cutBytes } from "../domain/text/cut-text.ts";
import { toStorableText } from "../domain/text/storable-text.ts";
import type { JsonRecord, JsonValue } from "../domain/tool.ts";

/** Bytes that the JSON of one record of a tool call may have. */
const maxRecordedBytes = 8_192;

/** A JSON text that is written as a JSON string again has at most twice the size. */
const previewBytes = Math.floor((maxRecordedBytes - '{"truncated":true,"preview":""}'.length) / 2);

/**
 * A record as it is stored: without characters that Postgres refuses, and within `maxRecordedBytes`. A larger record
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

/** `Array.isArray` for the compiler: its own type does not know readonly lists. */
function isList(value: readonly JsonValue[] | JsonRecord): value is readonly JsonValue[] {
  return Array.isArray(value);
}
