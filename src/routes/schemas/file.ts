import * as z from "zod";
import type { FilePageRow, FileRow } from "../../db/files/files.ts";
import { fileErrorCodes } from "../../domain/files/file-error.ts";
import { maxFileNameCharacters } from "../../domain/files/file-limits.ts";
import { fileStatuses } from "../../domain/files/file-status.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { createdAt, id, text } from "../../http/schemas.ts";

/** Prompts have the name in a line of their own: a line break in it could look like another line. */
export const fileName = text(maxFileNameCharacters).refine(
  (name) => !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(name),
  "must be one line, without control characters",
);

export const file = lazily(() =>
  z
    .object({
      id,
      room_id: id.describe("The file's room"),
      name: z.string().describe("As it was uploaded"),
      media_type: z.string().describe("As the service recognised it, whatever the upload said"),
      bytes: z.int().meta({ description: "Of the original" }),
      sha256: z.string().meta({ description: "Of the original, in hex" }),
      status: z.enum(fileStatuses).describe("How far its parsing is; agents can read it when it is `ready`"),
      page_count: z.int().nullable().meta({ description: "Pages of the file; null until it is ready" }),
      pages_read: z.int().nullable().meta({ description: "Pages that agents can read" }),
      tokens: z.int().nullable().meta({ description: "Estimated tokens of all pages" }),
      truncated: z.boolean().meta({ description: "True: reading stopped at a limit" }),
      no_text: z.boolean().meta({ description: "True: the file is ready and has no text, like a scan" }),
      encoding_guessed: z.boolean().meta({ description: "True: some characters may be wrong" }),
      error: z
        .object({
          code: z.string().describe("For programs"),
          message: z.string().describe("For people"),
        })
        .nullable()
        .meta({ description: "Why parsing failed; null: it did not" }),
      preview: z.string().nullable().meta({ description: "The text's first 300 characters" }),
      created_at: createdAt,
    })
    .meta({ id: "RoomFile", description: "A document of a room, which agents can read" }),
);

export const filePage = lazily(() =>
  z
    .object({
      page: z.int().min(1).describe("Its number, from 1"),
      text: z.string().describe("What agents see of it"),
      tokens: z.int().describe("Estimated tokens of the text"),
    })
    .meta({ id: "PageOfFile", description: "The text of one page of a file" }),
);

export const filePages = lazily(() =>
  z
    .object({
      data: z.array(filePage).describe("The pages, in order"),
      has_more: z.boolean().meta({ description: "True: there are later pages" }),
    })
    .meta({ id: "FilePages", description: "Pages of a file's text" }),
);

export const fileParams = z.object({ file_id: id.describe("The file") });

const pageNumber = (description: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,5}$/, "must be a whole number from 1")
    .transform(Number)
    .optional()
    .meta({ type: "integer", minimum: 1, description });

export const pagesQuery = z.strictObject({
  from: pageNumber("First page, from 1"),
  to: pageNumber("Last page, included"),
});

export const uploadQuery = z.strictObject({
  name: fileName.optional().meta({ description: "The file's name; a form has its own" }),
});

export function toFile(row: FileRow): z.input<typeof file> {
  const isReady = row.status === "ready";
  return {
    id: row.id,
    room_id: row.roomId,
    name: row.name,
    media_type: row.mediaType,
    bytes: row.bytes,
    sha256: row.sha256,
    status: row.status,
    page_count: row.pageCount,
    pages_read: row.pagesRead,
    tokens: row.tokens,
    truncated: isReady && (row.pagesRead ?? 0) < (row.pageCount ?? 0),
    no_text: isReady && row.tokens === 0,
    encoding_guessed: row.encodingGuessed,
    error: row.errorCode === null ? null : { code: row.errorCode, message: fileErrorCodes[row.errorCode] },
    preview: row.preview,
    created_at: row.createdAt.toISOString(),
  };
}

export function toFilePage({ page, text, tokens }: FilePageRow): z.input<typeof filePage> {
  return { page, text, tokens };
}
