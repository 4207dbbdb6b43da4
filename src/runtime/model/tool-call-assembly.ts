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

/** More calls in one answer than this are not taken. */
export const maxToolCalls = 16;

const maxNameCharacters = 200;

type AssembledCall = { id: string; name: string; argumentsText: string; fields: ProviderFields };

/** The tool calls of an answer as far as they have come. */
export type ToolCallAssembly = {
  calls: AssembledCall[];
  byIndex: Map<number, AssembledCall>;
  byPlace: Map<number, AssembledCall>;
  /** Of names, ids and arguments together. */
  characters: number;
  fieldCharacters: number;
};

export function emptyAssembly(): ToolCallAssembly {
  return { calls: [], byIndex: new Map(), byPlace: new Map(), characters: 0, fieldCharacters: 0 };
}

type Piece = { index: number | null; place: number; id: string; name: string; argumentsText: string };

/** Adds what a delta says of calls. Gives whether it said anything. */
export function addToolCalls(assembly: ToolCallAssembly, delta: WireRecord): boolean {
  const { tool_calls: listed, function_call: single } = delta;
  // The form of before there were lists.
  const old = toRecord(single) === null ? [] : [{ function: single }];
  const said: readonly unknown[] = [...(Array.isArray(listed) ? listed : [listed]), ...old];
  const records = said.map(toRecord).filter((record) => record !== null);
  const pieces = records.map((record, place) => ({ record, piece: readPiece(record, place) }));
  const added = pieces.map(({ record, piece }) => addPiece(assembly, record, piece, records.length));
  return added.includes(true);
}

function addPiece(
  assembly: ToolCallAssembly,
  record: WireRecord,
  piece: Piece,
  piecesInDelta: number,
): boolean {
  // Beyond the limit the answer is not taken; nothing more of it has to be kept.
  if (assembly.calls.length > maxToolCalls) return true;
  const known = findCall(assembly, piece, piecesInDelta);
  // An empty piece is no call.
  if (known === undefined && `${piece.id}${piece.name}${piece.argumentsText}` === "") return false;
  const isNew = known === undefined || beginsAnother(known, piece);
  const call = isNew ? { id: "", name: "", argumentsText: "", fields: {} } : known;
  if (isNew) assembly.calls.push(call);
  if (piece.index !== null) assembly.byIndex.set(piece.index, call);
  assembly.byPlace.set(piece.place, call);
  call.id ||= piece.id;
  if (piece.name !== call.name) call.name = (call.name + piece.name).slice(0, maxNameCharacters);
  call.argumentsText = joinArguments(call.argumentsText, piece.argumentsText);
  assembly.characters += piece.id.length + piece.name.length + piece.argumentsText.length;
  addFields(assembly, call, record);
  return true;
}

/** Beyond what is sent back in any case nothing has to be kept. */
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

function readPiece(record: WireRecord, place: number): Piece {
  // Some servers leave out the object that name and arguments stand in.
  const named = toRecord(record.function) ?? record;
  const index = record.index;
  return {
    index: typeof index === "number" && Number.isInteger(index) ? index : null,
    place,
    id: toWord(record.id),
    name: typeof named.name === "string" ? named.name : "",
    argumentsText: toArgumentsText(named.arguments),
  };
}

function toArgumentsText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : (writeJson(value) ?? "");
}

/** By index, else by id, else by place. A piece that names neither goes on with the last call. */
function findCall(
  { calls, byIndex, byPlace }: ToolCallAssembly,
  { index, place, id, name }: Piece,
  piecesInDelta: number,
): AssembledCall | undefined {
  const known = index === null ? findById(calls, id) : byIndex.get(index);
  if (known !== undefined) return known;
  if (name === "") {
    const placed = piecesInDelta > 1 ? byPlace.get(place) : undefined;
    // An index and an id that are both new are those of another call, whose name may follow.
    const isAnother = index !== null && id !== "";
    return findById(calls, id) ?? placed ?? (isAnother ? undefined : calls.at(-1));
  }
  // A name without an id and without an index may be said again with the next piece.
  return index === null && id === "" ? byPlace.get(place) : undefined;
}

function findById(calls: readonly AssembledCall[], id: string): AssembledCall | undefined {
  return id === "" ? undefined : calls.findLast((call) => call.id === id);
}

/**
 * An id changes in later pieces of some providers' calls; together with a name it is another call. So are a name and
 * arguments that come once the arguments before them are whole, unless they are the same ones.
 */
function beginsAnother(call: AssembledCall, { id, name, argumentsText }: Piece): boolean {
  if (name === "") return false;
  if (id !== "" && call.id !== "" && id !== call.id) return true;
  if (argumentsText.trim() === "" || argumentsText === call.argumentsText) return false;
  return isWholeObject(call.argumentsText);
}

/** Arguments that come again whole are the same ones. */
function joinArguments(before: string, piece: string): string {
  return before !== "" && before === piece && isWholeObject(piece) ? before : before + piece;
}

/** Why the calls of an answer cannot be run as they were meant; null where they can. */
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

/** The calls of a whole answer: each with an id of its own whatever the provider sent. */
export function toolCallsOf({ calls }: ToolCallAssembly): ToolCallRequest[] {
  const ids = new Set<string>();
  return namedCalls(calls).map(({ id, name, argumentsText }, place) => {
    const unique = makeUnique(toStorableText(id), place + 1, ids);
    ids.add(unique);
    return {
      id: unique,
      name: plainName(toStorableText(name)),
      argumentsText: readArguments(toStorableText(argumentsText)),
    };
  });
}

function makeUnique(stated: string, position: number, taken: ReadonlySet<string>): string {
  if (stated !== "" && !taken.has(stated)) return stated;
  const made = `call-${position}`;
  return taken.has(made) ? makeUnique("", position + maxToolCalls, taken) : made;
}

/** What the provider wants back with each call, in the order of the calls. */
export function callFieldsOf({ calls }: ToolCallAssembly): ProviderFields[] {
  return namedCalls(calls).map(({ fields }) => fields);
}

function namedCalls(calls: readonly AssembledCall[]): AssembledCall[] {
  return calls.filter(({ name }) => name.trim() !== "");
}

/** Models put the namespace of their training before a name, and leak their control tokens behind it. */
function plainName(name: string): string {
  const [plain = ""] = name.trim().split("<|");
  return plain.replace(/^functions?\./, "") || name;
}
