import { readJsonObject } from "../../domain/text/model-json.ts";
import { toOneLine } from "../../domain/text/one-line.ts";
import type { ArgumentsReading } from "../tool.ts";

const maxArguments = 16_384;

type Fields = Readonly<Record<string, unknown>>;
type FieldsReading = { ok: true; fields: Fields } | { ok: false; message: string };

function readFields(text: string, example: string): FieldsReading {
  if (text.length > maxArguments) return { ok: false, message: "The arguments are too long." };
  const reading = readJsonObject(text);
  if (reading.kind === "object") return { ok: true, fields: reading.fields };
  return { ok: false, message: `The arguments must be a JSON object like ${example}.` };
}

/** Pages from 1; `to_page` null: as many as fit. */
export type ReadArguments = { file_id: string; from_page: number; to_page: number | null };

export function readPageArguments(text: string): ArgumentsReading<ReadArguments> {
  const reading = readFields(text, '{"file_id": "…", "from_page": 1}');
  if (!reading.ok) return reading;
  const { file_id: fileId, from_page: fromPage, to_page: toPage } = reading.fields;
  if (typeof fileId !== "string" || fileId.trim() === "") {
    return { ok: false, message: "`file_id` must be the id of a file." };
  }
  const from = readPage(fromPage ?? 1);
  const to = toPage === undefined || toPage === null ? null : readPage(toPage);
  if (from === undefined || to === undefined || (to !== null && to < from)) {
    return { ok: false, message: "`from_page` and `to_page` must be page numbers from 1, in order." };
  }
  return {
    ok: true,
    args: { file_id: toOneLine(fileId, maxId).toLowerCase(), from_page: from, to_page: to },
  };
}

/** The length of a UUID, with room for the name that a message may give in its place. */
const maxId = 64;
const maxPage = 999_999;

function readPage(value: unknown): number | undefined {
  const page = typeof value === "string" && /^\d{1,6}$/.test(value.trim()) ? Number(value) : value;
  const isPage = typeof page === "number" && Number.isInteger(page) && page >= 1;
  return isPage ? Math.min(page, maxPage) : undefined;
}

/** `query`: 1 to 400 characters, one line. `file_ids` null: all files of the room. */
export type SearchArguments = { query: string; file_ids: readonly string[] | null };

export const maxQuery = 400;
export const maxSearchedFiles = 20;

export function readSearchArguments(text: string): ArgumentsReading<SearchArguments> {
  const reading = readFields(text, '{"query": "…"}');
  if (!reading.ok) return reading;
  const { query, file_ids: fileIds } = reading.fields;
  if (typeof query !== "string") return { ok: false, message: "`query` must be a string." };
  const line = toOneLine(query, maxQuery);
  if (line === "") return { ok: false, message: "`query` must not be empty." };
  const ids = readIds(fileIds);
  if (ids === undefined) {
    return { ok: false, message: `\`file_ids\` must be a list of at most ${maxSearchedFiles} ids of files.` };
  }
  return { ok: true, args: { query: line, file_ids: ids } };
}

function readIds(value: unknown): readonly string[] | null | undefined {
  if (value === undefined || value === null) return null;
  const ids: unknown[] = typeof value === "string" ? [value] : Array.isArray(value) ? value : [null];
  const isList = ids.length <= maxSearchedFiles && ids.every((id) => typeof id === "string");
  if (!isList) return undefined;
  const unique = [...new Set(ids.map((id) => toOneLine(String(id), maxId).toLowerCase()))];
  return unique.length === 0 ? null : unique;
}

/** Any other text names no file, and Postgres would refuse it as an id. */
export function isFileId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
