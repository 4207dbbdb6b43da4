import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import {
  addProviderFields,
  maxAnswerFieldBytes,
  maxToolCallIdBytes,
  type ProviderFields,
  providerFieldNames,
} from "../../domain/context/provider-fields.ts";
import { toStorableText } from "../../domain/text/storable-text.ts";
import { isWholeObject, readArguments } from "./tool-arguments.ts";
import { toRecord, toWord, type WireRecord, writeJson } from "./wire-values.ts";

/** An answer with more calls fails. */
const maxToolCalls = 16;

const maxNameCharacters = 200;

type AssembledCall = { id: string; name: string; argumentsText: string; fields: ProviderFields };

/** The tool calls of an answer as far as they have arrived. */
export type ToolCallAssembly = {
  calls: AssembledCall[];
  byIndex: Map<number, AssembledCall>;
  byPosition: Map<number, AssembledCall>;
  /** Of names, ids and arguments together. */
  characters: number;
  fieldCharacters: number;
};

export function emptyAssembly(): ToolCallAssembly {
  return { calls: [], byIndex: new Map(), byPosition: new Map(), characters: 0, fieldCharacters: 0 };
}

type Piece = { index: number | null; position: number; id: string; name: string; argumentsText: string };

/** Adds the calls of a delta. Returns whether it holds any part of a call. */
export function addToolCalls(assembly: ToolCallAssembly, delta: WireRecord): boolean {
  const { tool_calls: listed, function_call: single } = delta;
  // The form before `tool_calls` existed.
  const old = toRecord(single) === null ? [] : [{ function: single }];
  const entries: readonly unknown[] = [...(Array.isArray(listed) ? listed : [listed]), ...old];
  const records = entries.map(toRecord).filter((record) => record !== null);
  const pieces = records.map((record, position) => ({ record, piece: readPiece(record, position) }));
  const added = pieces.map(({ record, piece }) => addPiece(assembly, record, piece, records.length));
  return added.includes(true);
}

function addPiece(
  assembly: ToolCallAssembly,
  record: WireRecord,
  piece: Piece,
  piecesInDelta: number,
): boolean {
  // Above the limit the answer fails, so nothing more of it is kept.
  if (assembly.calls.length > maxToolCalls) return true;
  const known = findCall(assembly, piece, piecesInDelta);
  // An empty piece is no call.
  if (known === undefined && `${piece.id}${piece.name}${piece.argumentsText}` === "") return false;
  const isNew = known === undefined || startsAnother(known, piece);
  const call = isNew ? { id: "", name: "", argumentsText: "", fields: {} } : known;
  if (isNew) assembly.calls.push(call);
  if (piece.index !== null) assembly.byIndex.set(piece.index, call);
  assembly.byPosition.set(piece.position, call);
  call.id ||= piece.id;
  if (piece.name !== call.name) call.name = (call.name + piece.name).slice(0, maxNameCharacters);
  call.argumentsText = joinArguments(call.argumentsText, piece.argumentsText);
  assembly.characters += piece.id.length + piece.name.length + piece.argumentsText.length;
  addFields(assembly, call, record);
  return true;
}

/** Above the limit the fields are not sent back, so nothing more is kept. */
function addFields(assembly: ToolCallAssembly, call: AssembledCall, record: WireRecord): void {
  if (assembly.fieldCharacters > maxAnswerFieldBytes) return;
  assembly.fieldCharacters += countFieldCharacters(record);
  addProviderFields(call.fields, record);
}

export function countFieldCharacters(piece: WireRecord): number {
  return providerFieldNames.reduce((sum, name) => sum + sizeOf(piece[name]), 0);
}

function sizeOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  return typeof value === "string" ? value.length : (writeJson(value)?.length ?? Number.POSITIVE_INFINITY);
}

function readPiece(record: WireRecord, position: number): Piece {
  // Some servers leave out the object `function`.
  const named = toRecord(record.function) ?? record;
  const index = record.index;
  return {
    index: typeof index === "number" && Number.isInteger(index) ? index : null,
    position,
    id: toWord(record.id),
    name: typeof named.name === "string" ? named.name : "",
    argumentsText: toArgumentsText(named.arguments),
  };
}

function toArgumentsText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : (writeJson(value) ?? "");
}

/** By index, else by id, else by position in the list. A piece without any of them continues the last call. */
function findCall(
  { calls, byIndex, byPosition }: ToolCallAssembly,
  { index, position, id, name }: Piece,
  piecesInDelta: number,
): AssembledCall | undefined {
  const known = index === null ? findById(calls, id) : byIndex.get(index);
  if (known !== undefined) return known;
  if (name === "") {
    const samePosition = piecesInDelta > 1 ? byPosition.get(position) : undefined;
    // An index and an id that are both new belong to another call. Its name may follow.
    const isAnother = index !== null && id !== "";
    return findById(calls, id) ?? samePosition ?? (isAnother ? undefined : calls.at(-1));
  }
  // A name without an id and an index may be repeated with the next piece.
  return index === null && id === "" ? byPosition.get(position) : undefined;
}

function findById(calls: readonly AssembledCall[], id: string): AssembledCall | undefined {
  return id === "" ? undefined : calls.findLast((call) => call.id === id);
}

/**
 * Some providers change the id in later pieces of a call. Only a new id together with a name starts another call. So do
 * a name and arguments after complete arguments, unless the arguments are the same.
 */
function startsAnother(call: AssembledCall, { id, name, argumentsText }: Piece): boolean {
  if (name === "") return false;
  if (id !== "" && call.id !== "" && id !== call.id) return true;
  if (argumentsText.trim() === "" || argumentsText === call.argumentsText) return false;
  return isWholeObject(call.argumentsText);
}

/** Complete arguments that are repeated count once. */
function joinArguments(before: string, piece: string): string {
  return before !== "" && before === piece && isWholeObject(piece) ? before : before + piece;
}

/** Why the calls of an answer cannot be run. Null: they can. */
export function findAssemblyProblem({ calls }: ToolCallAssembly, isCut: boolean): string | null {
  if (calls.length > maxToolCalls) return `The model asked for more than ${maxToolCalls} tools at once.`;
  // The last call of an answer that was cut may have lost its name.
  const named = isCut && calls.length > 1 ? calls.slice(0, -1) : calls;
  const hasNamed = namedCalls(named).length > 0;
  if (named.some((call) => call.name.trim() === "" && !(hasNamed && call.argumentsText === "")))
    return "The model asked for a tool without naming it.";
  if (calls.some(({ id }) => new TextEncoder().encode(id).length > maxToolCallIdBytes)) {
    return "The id of a tool call is too long.";
  }
  return null;
}

/** The calls of a complete answer, each with a unique id. */
export function toolCallsOf({ calls }: ToolCallAssembly): ToolCallRequest[] {
  const ids = new Set<string>();
  return namedCalls(calls).map(({ id, name, argumentsText }, index) => {
    const unique = makeUnique(toStorableText(id), index + 1, ids);
    ids.add(unique);
    return {
      id: unique,
      name: stripName(toStorableText(name)),
      argumentsText: readArguments(toStorableText(argumentsText)),
    };
  });
}

function makeUnique(stated: string, position: number, taken: ReadonlySet<string>): string {
  if (stated !== "" && !taken.has(stated)) return stated;
  const made = `call-${position}`;
  return taken.has(made) ? makeUnique("", position + maxToolCalls, taken) : made;
}

/** The fields that are sent back with each call, in the order of the calls. */
export function callFieldsOf({ calls }: ToolCallAssembly): ProviderFields[] {
  return namedCalls(calls).map(({ fields }) => fields);
}

function namedCalls(calls: readonly AssembledCall[]): AssembledCall[] {
  return calls.filter(({ name }) => name.trim() !== "");
}

/** Some models write a namespace before a name, and control tokens after it. */
function stripName(name: string): string {
  const [plain = ""] = name.trim().split("<|");
  return plain.replace(/^functions?\./, "") || name;
}
