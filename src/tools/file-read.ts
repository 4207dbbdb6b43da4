import { toSeqRanges } from "../domain/context/seq-ranges.ts";
import type { FileLibrary, FileReading, RoomFile } from "../domain/files/file-library.ts";
import type { FileTokens } from "../domain/files/file-tokens.ts";
import { fitPages, maxPagesOfResult, type ShownPage } from "../domain/files/fit-pages.ts";
import { jsonBytes } from "../domain/text/json-bytes.ts";
import type { AttachedFile, JsonRecord, ToolContext } from "../domain/tool.ts";
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
  { fileTokens, attached, ...run }: ToolContext,
  { library, estimateTokens }: FileToolOptions,
): Promise<ToolResult> {
  const file = attached.get(args.file_id);
  if (file !== undefined) return readAttached(args, file, fileTokens, estimateTokens);
  if (!isFileId(args.file_id)) return failRead(args, "file_not_found");
  const reserved = await fileTokens.reserve(maxReadTokens);
  if (reserved === null) return failRead(args, "file_tokens_spent");
  let usedTokens = 0;
  try {
    const last = args.from_page + maxPagesOfResult - 1;
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

/** A part of a file that the message attaches, as open has read it: whole, or not at all. */
async function readAttached(
  args: ReadArguments,
  { reading, isTooLong }: AttachedFile,
  fileTokens: FileTokens,
  estimateTokens: FileToolOptions["estimateTokens"],
): Promise<ToolResult> {
  const failure = findFailure(reading?.file);
  if (reading === undefined || failure !== undefined) return failRead(args, failure ?? "file_not_found");
  const { file } = reading;
  if (isTooLong) return showTooLong(args, file);
  const { from_page: from, to_page: to } = args;
  const pages = reading.pages.filter(({ page }) => page >= from && page <= (to ?? page));
  const neededTokens = pages.reduce((sum, { tokens }) => sum + tokens, 0);
  const reserved = await fileTokens.reserve(neededTokens);
  const isEnough = reserved !== null && reserved.tokens >= neededTokens;
  reserved?.end(isEnough ? neededTokens : 0);
  if (!isEnough) return failRead(args, "file_tokens_spent");
  return showPages(args, { file, pages }, neededTokens, estimateTokens).result;
}

/** The agent is sent the file's name, and a note that none of its text is there. */
function showTooLong(input: ReadArguments, file: RoomFile): ToolResult {
  const note =
    "The text is too long to be attached. Read its pages with file_read, or search it with file_search.";
  const content = JSON.stringify({ ...headerOf(file), tokens: file.tokens, next_page: 1, pages: [], note });
  const output = { file_id: file.id, pages: [], tokens: 0, not_attached: "too_long" };
  return { status: "success", content, input, output };
}

function headerOf({ id, name, pageCount, pagesRead }: RoomFile) {
  return { file_id: id, name, page_count: pageCount, pages_read: pagesRead };
}

function showPages(
  input: ReadArguments,
  { file, pages }: FileReading,
  maxTokens: number,
  estimateTokens: (text: string) => number,
): { result: ToolResult; tokens: number } {
  const header = headerOf(file);
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
