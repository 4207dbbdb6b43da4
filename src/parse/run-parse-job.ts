import type { Db } from "../db/core/client.ts";
import {
  failParseJob,
  finishParseJob,
  type NewFilePage,
  type ParseJob,
  releaseParseJob,
  storeFilePages,
  takeParseJob,
} from "../db/files/parse-jobs.ts";
import { previewCharacters } from "../domain/files/file-limits.ts";
import { type FileStore, fileKey } from "../domain/files/file-store.ts";
import type { Log } from "../domain/log.ts";
import { parseDocument } from "./parse-document.ts";
import { ParseError } from "./parse-error.ts";
import type { ParsedDocument } from "./parsed-document.ts";

export type ParserDeps = {
  db: Db;
  fileStore: FileStore;
  /** PDFium, compiled. */
  pdfium: WebAssembly.Module;
  estimateTokens: (text: string) => number;
  log: Log;
};

/** Longer than parsing of any document. After it another parser may take the file of one that is gone. */
const leaseMs = 120_000;

/**
 * Parses a pending file and stores its pages. A file that another parser holds, or that is ready, is skipped. A file
 * that cannot be parsed fails with its error.
 * @throws errors of the database or the bucket. The file is then pending for the next attempt.
 */
export async function runParseJob(deps: ParserDeps, fileId: string): Promise<void> {
  const job = await takeParseJob(deps.db, fileId, leaseMs);
  if (job === undefined) return;
  try {
    const document = await parseDocument(await readBytes(deps, fileId), job.name, deps.pdfium);
    await storeDocument(deps, job, document);
  } catch (error) {
    if (!(error instanceof ParseError)) {
      await releaseParseJob(deps.db, job);
      throw error;
    }
    await failParseJob(deps.db, job, error.code);
    deps.log.info("file_parse_failed", { file_id: fileId, code: error.code });
  }
}

async function readBytes({ fileStore }: ParserDeps, fileId: string): Promise<Uint8Array> {
  const stream = await fileStore.get(fileKey(fileId));
  if (stream === undefined) throw new Error("The file's bytes are not there.");
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function storeDocument(deps: ParserDeps, job: ParseJob, document: ParsedDocument): Promise<void> {
  const { db, estimateTokens, log } = deps;
  const pages = document.pages.map((text, index) => ({
    page: index + 1,
    text,
    tokens: estimateTokens(text),
  }));
  for (const batch of batchPages(pages)) {
    if (!(await storeFilePages(db, job, batch))) return;
  }
  const tokens = pages.reduce((sum, page) => sum + page.tokens, 0);
  const isFinished = await finishParseJob(db, job, {
    pageCount: document.pageCount,
    pagesRead: pages.length,
    tokens,
    preview: document.pages.join("\n").trim().slice(0, previewCharacters).toWellFormed(),
    encodingGuessed: document.encodingGuessed,
  });
  if (!isFinished) return;
  log.info("file_parsed", { file_id: job.fileId, pages: pages.length, tokens });
}

/** Bytes of a request to the database. Neon's limit is 10 MiB. */
const maxBatchBytes = 4_194_304;

function batchPages(pages: readonly NewFilePage[]): NewFilePage[][] {
  const batches: NewFilePage[][] = [];
  let bytes = 0;
  for (const page of pages) {
    const pageBytes = requestBytes(page);
    const batch = batches.at(-1);
    if (batch !== undefined && bytes + pageBytes <= maxBatchBytes) {
      batch.push(page);
      bytes += pageBytes;
    } else {
      batches.push([page]);
      bytes = pageBytes;
    }
  }
  return batches;
}

/** Pages are sent as JSON within the JSON of a request, so characters are escaped twice. */
function requestBytes(page: NewFilePage): number {
  return new TextEncoder().encode(JSON.stringify(JSON.stringify(page))).length;
}
