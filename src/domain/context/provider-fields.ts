import { jsonBytes } from "../text/json-bytes.ts";

/**
 * Fields that providers put beside an answer and its tool calls, and want back with the next request of the same
 * run: signatures of what a model thought, without which some refuse to go on.
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

/** Values as the provider sent them, its pieces put together. JSON. */
export type ProviderFields = Partial<Record<ProviderFieldName, unknown>>;

/** Of a whole answer: beside its text, and beside each of its tool calls in their order. */
export type AnswerFields = { message: ProviderFields; calls: readonly ProviderFields[] };

/** With where they came from: they go back there and nowhere else. */
export type OwnedFields = AnswerFields & { modelAlias: string; baseUrl: string };

/** Of one answer; one that has more is sent back without any. A part of a signature is worth nothing. */
export const maxAnswerFieldBytes = 256 * 1024;

/** A provider's id of a call is sent back whole, or its answer is not taken. */
export const maxToolCallIdBytes = 4 * 1024;

/** Values within values, deeper than any provider has them, are taken as they come last. */
const maxMergeDepth = 16;

/**
 * Adds what a piece of a stream (a delta, or a call in it) has of these fields to what came before, in place.
 * Strings are joined, lists concatenated, objects merged.
 */
export function addProviderFields(fields: ProviderFields, piece: Readonly<Record<string, unknown>>): void {
  for (const name of providerFieldNames) {
    const value = Object.hasOwn(piece, name) ? piece[name] : undefined;
    if (value === undefined || value === null) continue;
    fields[name] = name in fields ? joinValues(fields[name], value, 0) : value;
  }
}

/** The fields of a whole answer as they may be kept; null where there are none, or too many. */
export function keepAnswerFields(fields: AnswerFields): AnswerFields | null {
  if ([fields.message, ...fields.calls].every((one) => Object.keys(one).length === 0)) return null;
  return jsonBytes(fields) <= maxAnswerFieldBytes ? fields : null;
}

/** Those of the fields that `isWanted` says. */
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
    // Inside an object what comes twice is a label; text and signatures differ.
    return depth > 0 && before === value ? before : before + value;
  }
  if (Array.isArray(before) && Array.isArray(value)) {
    // In place: a copy for each piece would take time that grows with the square of their number.
    for (const one of value) before.push(one);
    return before;
  }
  if (isRecord(before) && isRecord(value) && depth < maxMergeDepth) return mergeRecords(before, value, depth);
  return value;
}

function mergeRecords(before: Record<string, unknown>, value: Record<string, unknown>, depth: number) {
  const merged = new Map(Object.entries(before));
  for (const [key, one] of Object.entries(value)) {
    merged.set(key, merged.has(key) ? joinValues(merged.get(key), one, depth + 1) : one);
  }
  return Object.fromEntries(merged);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
