import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import type { ProviderFields } from "../../domain/context/provider-fields.ts";

export type WireToolCall = ProviderFields & {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
};

/** `fields` are those of the calls, in their order. */
export function writeToolCalls(
  calls: readonly ToolCallRequest[],
  idOf: (id: string) => string,
  fields: readonly ProviderFields[],
): WireToolCall[] {
  return calls.map(({ id, name, argumentsText }, place) => ({
    ...fields[place],
    id: idOf(id),
    type: "function",
    function: { name: toFunctionName(name), arguments: toObjectText(argumentsText) },
  }));
}

/** A name as every provider takes it; models at times write tokens of their own into one. */
export function toFunctionName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 64);
  return plain === "" ? "unnamed" : plain;
}

/** Providers read arguments before the model does, and refuse what is no JSON object. */
export function toObjectText(argumentsText: string): string {
  return isObjectText(argumentsText) ? argumentsText : "{}";
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/**
 * Ids of calls, each once in a request: some providers count anew in every answer. An id that comes again gets a
 * mark in front: its end may be a signature.
 */
export function createCallIds() {
  const used = new Set<string>();
  let current = new Map<string, string>();
  return {
    /** The calls of the next answer; what tools said of them follows. */
    begin(ids: readonly string[]): void {
      current = new Map(ids.map((id) => [id, takeUnused(used, id)]));
    },
    idOf: (id: string): string => current.get(id) ?? id,
  };
}

function takeUnused(used: Set<string>, id: string): string {
  let unused = id;
  for (let number = 2; used.has(unused); number += 1) unused = `${number}-${id}`;
  used.add(unused);
  return unused;
}
