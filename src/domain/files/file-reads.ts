import { permissionOf } from "../tool-names.ts";

/** An execution of a tool as it is recorded. Only those of the file tools say what was read. */
export type RecordedRead = { toolName: string; status: string; output: unknown };

export type PageRead = { fileId: string; page: number };

/** Pages whose text the tool gave to its agent, in the order of its result. */
export function listPagesRead({ toolName, status, output }: RecordedRead): PageRead[] {
  if (!isFileTool(toolName) || status !== "success" || !isRecord(output)) return [];
  const files = Array.isArray(output.files) ? output.files : [output];
  return files.filter(isRecord).flatMap(({ file_id: fileId, pages }) => {
    if (typeof fileId !== "string" || !Array.isArray(pages)) return [];
    return pages.filter((page) => typeof page === "number").map((page) => ({ fileId, page }));
  });
}

export type Citation = PageRead & { agentKey: string };

/** The pages that each agent was given, each once, in the order of the reads. */
export function listCitations(reads: readonly (RecordedRead & { agentKey: string })[]): Citation[] {
  const citations = reads.flatMap(({ agentKey, ...read }) =>
    listPagesRead(read).map((page) => ({ ...page, agentKey })),
  );
  return [...new Map(citations.map((one) => [`${one.agentKey}/${one.fileId}/${one.page}`, one])).values()];
}

/** Estimated tokens of the file text that these executions gave to their agents. */
export function sumFileTokens(reads: readonly RecordedRead[]): number {
  return reads.reduce((sum, { toolName, output }) => {
    const tokens = isFileTool(toolName) && isRecord(output) ? output.tokens : 0;
    return typeof tokens === "number" && tokens > 0 ? sum + tokens : sum;
  }, 0);
}

export function isFileTool(toolName: string): boolean {
  return permissionOf(toolName) === "file_read";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
