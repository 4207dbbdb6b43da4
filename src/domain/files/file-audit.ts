import type { PromptMeasure, ToolEvent } from "../turn/turn-outcome.ts";
import { isFileTool } from "./file-reads.ts";

/** What one step's prompt had of the room's files, and what not. */
export type FileAudit = {
  /** Files with a card, and files without one. */
  listed: number;
  notListed: number;
  /** The files that the message attaches. */
  attached: readonly AttachedPart[];
};

/** `leftOut`: why the text was not in the prompt; null: it was. */
export type AttachedPart = { fileId: string; pages: readonly number[]; leftOut: string | null };

/** Null: the prompt had nothing of files. What was attached follows from the reads that the message triggered. */
export function auditFiles(
  { step, files }: Pick<PromptMeasure, "step" | "files">,
  events: readonly ToolEvent[],
): FileAudit | null {
  const attached = events
    .filter((event) => event.step === step && event.round === 0 && isFileTool(event.toolName))
    .map(toAttachedPart);
  if (attached.length === 0 && (files ?? null) === null) return null;
  return { listed: files?.listed ?? 0, notListed: files?.notListed ?? 0, attached };
}

function toAttachedPart({ input, output }: ToolEvent): AttachedPart {
  const [read, result] = [toRecord(input), toRecord(output)];
  const pages = Array.isArray(result.pages) ? result.pages.filter((page) => typeof page === "number") : [];
  const leftOut = result.error ?? result.not_attached ?? null;
  return {
    fileId: typeof read.file_id === "string" ? read.file_id : "",
    pages,
    leftOut: leftOut === null ? null : String(leftOut),
  };
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
