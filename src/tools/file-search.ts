import type { FoundPage } from "../domain/files/file-library.ts";
import { cutPassage, passageCharacters } from "../domain/files/passage.ts";
import type { ToolContext } from "../domain/tool.ts";
import type { FileToolOptions } from "./file-read.ts";
import {
  isFileId,
  maxQuery,
  maxSearchedFiles,
  readSearchArguments,
  type SearchArguments,
} from "./files/file-arguments.ts";
import { failRead, findFailure } from "./files/file-failures.ts";
import type { Tool, ToolResult } from "./tool.ts";

const maxPassages = 8;

/** Tokens of all passages: a character of a rare script may have two. */
const maxSearchTokens = 2 * passageCharacters * maxPassages;

/** Searches the text of the room's files. */
export function createFileSearchTool(options: FileToolOptions): Tool<SearchArguments> {
  return {
    name: "file_search",
    description: `Searches the text of this room's files and gives at most ${maxPassages} passages, each with its file and page. \`file_read\` reads the whole page.`,
    citeBy: "the file's name and the page",
    parameters: {
      type: "object",
      properties: {
        query: { type: "string", description: `Words to search for, at most ${maxQuery} characters.` },
        file_ids: {
          type: "array",
          items: { type: "string" },
          maxItems: maxSearchedFiles,
          description: "Ids of the files to search; without it all files of the room.",
        },
      },
      required: ["query"],
      additionalProperties: false,
    },
    readArguments: readSearchArguments,
    readTrigger: () => null,
    execute: (args, context) => searchFiles(args, context, options),
  };
}

async function searchFiles(
  args: SearchArguments,
  { fileTokens, ...run }: ToolContext,
  { library, estimateTokens }: FileToolOptions,
): Promise<ToolResult> {
  const { query, file_ids: fileIds } = args;
  if (fileIds?.some((id) => !isFileId(id))) return failRead(args, "file_not_found");
  const reserved = await fileTokens.reserve(maxSearchTokens);
  if (reserved === null) return failRead(args, "file_tokens_spent");
  let usedTokens = 0;
  try {
    const { files, found } = await library.search(run, { query, fileIds, maxPages: maxPassages });
    for (const id of fileIds ?? []) {
      const failure = findFailure(files.find((file) => file.id === id));
      if (failure !== undefined) return failRead(args, failure, { file_id: id });
    }
    const passages = fitPassages(found, reserved.tokens, estimateTokens);
    usedTokens = passages.reduce((sum, { tokens }) => sum + tokens, 0);
    return showPassages(args, passages, usedTokens);
  } finally {
    reserved.end(usedTokens);
  }
}

type Passage = { fileId: string; name: string; page: number; text: string; tokens: number };

function fitPassages(
  found: readonly FoundPage[],
  maxTokens: number,
  estimateTokens: (text: string) => number,
): Passage[] {
  const passages: Passage[] = [];
  let left = maxTokens;
  for (const { fileId, name, page, text: whole, words } of found) {
    const text = cutPassage(whole, words);
    const tokens = estimateTokens(text);
    if (tokens > left) break;
    left -= tokens;
    passages.push({ fileId, name, page, text, tokens });
  }
  return passages;
}

function showPassages(input: SearchArguments, passages: readonly Passage[], tokens: number): ToolResult {
  const shown = passages.map(({ fileId, name, page, text }) => ({ file_id: fileId, name, page, text }));
  const files = [...Map.groupBy(passages, ({ fileId }) => fileId)].map(([fileId, ofFile]) => ({
    file_id: fileId,
    pages: ofFile.map(({ page }) => page),
  }));
  const pages = files.map(({ file_id, pages: numbers }) => `${numbers.join(", ")} of file ${file_id}`);
  return {
    status: "success",
    content: JSON.stringify({ passages: shown }),
    laterContent:
      pages.length === 0
        ? "(The search of the files found nothing.)"
        : `(The search of the files found passages on pages ${pages.join("; ")}. Their text is not repeated here.)`,
    input,
    output: { results: passages.length, files, tokens },
  };
}
