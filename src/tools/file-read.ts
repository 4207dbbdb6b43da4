import { toSeqRanges } from "../domain/context/seq-ranges.ts";
import type { FileLibrary, FileReading } from "../domain/files/file-library.ts";
import { fitPages, type ShownPage } from "../domain/files/fit-pages.ts";
import { jsonBytes } from "../domain/text/json-bytes.ts";
import type { JsonRecord, ToolContext } from "../domain/tool.ts";
import { maxToolContentBytes } from "../domain/turn/turn-limiter.ts";
import { isFileId, type ReadArguments, readPageArguments } from "./files/file-arguments.ts";
import { failRead, findFailure } from "./files/file-failures.ts";
import type { Tool, ToolResult } from "./tool.ts";

export type FileToolOptions = {
  library: FileLibrary;
  /** Estimated tokens of a text, unscaled. */
  estimateTokens: (text: string) => number;
};

/** Estimated tokens of pages in one result. */
const maxReadTokens = 8_000;

/** Pages in one result, however short they are. */
const maxReadPages = 100;

/** Reads pages of a file of the room. */
export function createFileReadTool(options: FileToolOptions): Tool<ReadArguments> {
  return {
    name: "file_read",
    description: `Reads whole pages of a file of this room, as many as fit about ${maxReadTokens} tokens. \`next_page\` says where to go on.`,
    citeBy: "the file's name and the page",
    parameters: {
      type: "object",
      properties: {
        file_id: { type: "string", description: "The id of the file." },
        from_page: { type: "integer", minimum: 1, description: "The first page, 1 without it." },
        to_page: { type: "integer", minimum: 1, description: "The last page, included." },
      },
      required: ["file_id"],
      additionalProperties: false,
    },
    readArguments: readPageArguments,
    readTrigger: () => null,
    execute: (args, context) => readPages(args, context, options),
  };
}

async function readPages(
  args: ReadArguments,
  { fileTokens, ...run }: ToolContext,
  { library, estimateTokens }: FileToolOptions,
): Promise<ToolResult> {
  if (!isFileId(args.file_id)) return failRead(args, "file_not_found");
  const reserved = fileTokens.reserve(maxReadTokens);
  if (reserved === null) return failRead(args, "file_tokens_spent");
  let usedTokens = 0;
  try {
    const last = args.from_page + maxReadPages - 1;
    const reading = await library.readPages(run, {
      fileId: args.file_id,
      from: args.from_page,
      to: Math.min(args.to_page ?? last, last),
      maxTokens: reserved.tokens,
    });
    const failure = findFailure(reading?.file);
    if (reading === undefined || failure !== undefined) return failRead(args, failure ?? "file_not_found");
    const readable = reading.file.pagesRead ?? 0;
    if (args.from_page > readable) return failRead(args, "page_not_found", { page_count: readable });
    const { result, tokens } = showPages(args, reading, reserved.tokens, estimateTokens);
    usedTokens = tokens;
    return result;
  } finally {
    reserved.end(usedTokens);
  }
}

function showPages(
  input: ReadArguments,
  { file, pages }: FileReading,
  maxTokens: number,
  estimateTokens: (text: string) => number,
): { result: ToolResult; tokens: number } {
  const header = {
    file_id: file.id,
    name: file.name,
    page_count: file.pageCount,
    pages_read: file.pagesRead,
  };
  const bytes = maxToolContentBytes - jsonBytes(JSON.stringify({ ...header, ...frame }));
  const { shown, tokens } = fitPages(pages, { tokens: maxTokens, bytes }, estimateTokens);
  const numbers = shown.map(({ page }) => page);
  const content = JSON.stringify({ ...header, next_page: nextPage(shown, file.pagesRead), pages: shown });
  const output: JsonRecord = { file_id: file.id, pages: numbers, tokens };
  return {
    tokens,
    result: {
      status: "success",
      content,
      laterContent: describeRead(file.id, numbers),
      input,
      output: shown.some(({ cut }) => cut) ? { ...output, cut: true } : output,
    },
  };
}

/** The parts of a result beside its header, as long as they can be. */
const frame = { next_page: 999_999, pages: [] };

function nextPage(shown: readonly ShownPage[], readable: number | null): number | null {
  const last = shown.at(-1)?.page ?? 0;
  return last < (readable ?? 0) ? last + 1 : null;
}

/** The text itself is not kept for later turns: the file may be deleted meanwhile. */
function describeRead(fileId: string, pages: readonly number[]): string {
  const ranges = toSeqRanges(pages).map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
  return `(Pages ${ranges.join(", ")} of file ${fileId}. Their text is not repeated here; read them again where you need it.)`;
}
