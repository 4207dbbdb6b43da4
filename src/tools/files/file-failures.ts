import { fileErrorCodes } from "../../domain/files/file-error.ts";
import type { RoomFile } from "../../domain/files/file-library.ts";
import type { JsonRecord } from "../../domain/tool.ts";
import type { ToolResult } from "../tool.ts";

/** Why a file tool gives no text. The texts are for the model. */
const failureTexts = {
  file_not_found: "The room has no such file.",
  file_pending: "The file is still being read. It has no text yet.",
  file_no_text: "The file has no text. It may be a scan.",
  page_not_found: "The file has no such page.",
  file_tokens_spent: "This turn has no room for more text of files. Answer with what you have.",
  ...fileErrorCodes,
} as const;

export type FileFailure = keyof typeof failureTexts;

/** `details` are further members of the error, for the model. */
export function failRead(input: JsonRecord, code: FileFailure, details: JsonRecord = {}): ToolResult {
  return {
    status: "error",
    content: JSON.stringify({ error: { code, message: failureTexts[code], ...details } }),
    input,
    output: { error: code },
  };
}

/** Why a file cannot be read now; undefined: it can. */
export function findFailure(file: RoomFile | undefined): FileFailure | undefined {
  if (file === undefined) return "file_not_found";
  switch (file.status) {
    case "pending":
    case "parsing":
      return "file_pending";
    case "failed":
      return file.errorCode ?? "file_unreadable";
    case "ready":
      return file.tokens === 0 ? "file_no_text" : undefined;
  }
}
