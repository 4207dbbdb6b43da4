import { jsonBytes } from "../text/json-bytes.ts";

/**
 * Fields that providers send with an answer and its tool calls, and require in the next request of the same run. They
 * hold signatures of the model's reasoning. Without them some providers refuse the request.
 */
export const providerFieldNames = [
  "reasoning",
  "reasoning_content",
  "reasoning_details",
  "thinking_blocks",
  "extra_content",
  "provider_specific_fields",
] as const;

export type ProviderFieldName = (typeof providerFieldNames)[number];

/** Values as the provider sent them, joined from the pieces of the stream. JSON. */
export type ProviderFields = Partial<Record<ProviderFieldName, unknown>>;

/** The fields of a complete answer, and of each of its tool calls in their order. */
export type AnswerFields = { message: ProviderFields; calls: readonly ProviderFields[] };

/** Fields with their origin. They are sent back only there. */
export type OwnedFields = AnswerFields & { modelAlias: string; baseUrl: string };

/** Bytes of an answer's fields. An answer with more is sent back without any: part of a signature is useless. */
export const maxAnswerFieldBytes = 256 * 1024;

/** Bytes of a call's id. An answer with a longer id fails, since the id must be sent back unchanged. */
export const maxToolCallIdBytes = 4 * 1024;

/** Below this depth values are not merged: the last one is kept. No provider nests them so deep. */
const maxMergeDepth = 16;

/**
 * Adds the fields of a piece of a stream (a delta, or a call in it) in place. Strings are joined, lists concatenated,
 * objects merged.
 */
export function addProviderFields(fields: ProviderFields, piece: Readonly<Record<string, unknown>>): void {
  for (const name of providerFieldNames) {
    const value = Object.hasOwn(piece, name) ? piece[name] : undefined;
    if (value === undefined || value === null) continue;
    fields[name] = name in fields ? joinValues(fields[name], value, 0) : value;
  }
}

/** The fields of a complete answer. Null: there are none, or too many bytes of them. */
export function keepAnswerFields(fields: AnswerFields): AnswerFields | null {
  if ([fields.message, ...fields.calls].every((group) => Object.keys(group).length === 0)) return null;
  return jsonBytes(fields) <= maxAnswerFieldBytes ? fields : null;
}

/** The fields whose name `isWanted` accepts. */
export function pickProviderFields(
  fields: ProviderFields,
  isWanted: (name: ProviderFieldName) => boolean,
): ProviderFields {
  const picked: ProviderFields = {};
  for (const name of providerFieldNames) {
    if (Object.hasOwn(fields, name) && isWanted(name)) picked[name] = fields[name];
  }
  return picked;
}

function joinValues(before: unknown, value: unknown, depth: number): unknown {
  if (typeof before === "string" && typeof value === "string") {
    // Inside an object a repeated string is a label. Texts and signatures differ from piece to piece.
    return depth > 0 && before === value ? before : before + value;
  }
  if (Array.isArray(before) && Array.isArray(value)) {
    // In place: a copy for each piece would take quadratic time.
    for (const entry of value) before.push(entry);
    return before;
  }
  if (isRecord(before) && isRecord(value) && depth < maxMergeDepth) return mergeRecords(before, value, depth);
  return value;
}

function mergeRecords(before: Record<string, unknown>, value: Record<string, unknown>, depth: number) {
  const merged = new Map(Object.entries(before));
  for (const [key, added] of Object.entries(value)) {
    merged.set(key, merged.has(key) ? joinValues(merged.get(key), added, depth + 1) : added);
  }
  return Object.fromEntries(merged);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
