import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import type { ProviderFields } from "../../domain/context/provider-fields.ts";
import { parseJson, toRecord } from "./wire-values.ts";

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
  return calls.map(({ id, name, argumentsText }, index) => ({
    ...fields[index],
    id: idOf(id),
    type: "function",
    function: { name: toFunctionName(name), arguments: toObjectText(argumentsText) },
  }));
}

/** A name that every provider accepts. Models sometimes write control tokens into a name. */
export function toFunctionName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 64);
  return plain === "" ? "unnamed" : plain;
}

/** Providers refuse arguments that are no JSON object. */
function toObjectText(argumentsText: string): string {
  return toRecord(parseJson(argumentsText)) === null ? "{}" : argumentsText;
}

/**
 * Makes the ids of calls unique within a request: some providers number them from the start in every answer. A repeated
 * id gets a prefix, since its end may be a signature.
 */
export function createCallIds() {
  const used = new Set<string>();
  let current = new Map<string, string>();
  return {
    /** Starts the next answer with the ids of its calls. Their results follow. */
    startAnswer(ids: readonly string[]): void {
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
