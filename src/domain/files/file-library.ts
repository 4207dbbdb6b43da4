import type { RunIdentity } from "../run-identity.ts";
import type { FileErrorCode } from "./file-error.ts";
import type { FileStatus } from "./file-status.ts";

/** A page of a file's text. `tokens` are estimates, unscaled. */
export type FilePage = { page: number; text: string; tokens: number };

/** What is known of a file of the room. */
export type RoomFile = {
  id: string;
  name: string;
  status: FileStatus;
  errorCode: FileErrorCode | null;
  /** Pages of the document; null until it is ready. */
  pageCount: number | null;
  /** Pages whose text can be read. */
  pagesRead: number | null;
  tokens: number | null;
};

export type PageSelection = {
  fileId: string;
  from: number;
  to: number;
  /** Estimated tokens of the pages that are read. The first page is read even where it has more. */
  maxTokens: number;
};

export type FileSearch = {
  query: string;
  /** Only these files; null: all files of the room. */
  fileIds: readonly string[] | null;
  maxPages: number;
};

/** The files of a run's room, as its tools read them. A file of another room is not found. */
export type FileLibrary = {
  /** @returns undefined where the room has no such file. Pages are in order, without gaps. */
  readPages(run: RunIdentity, selection: PageSelection): Promise<FileReading | undefined>;
  /** Pages that match, the best first, and what is known of the files that the search names. */
  search(run: RunIdentity, search: FileSearch): Promise<FileSearchResult>;
};

export type FileReading = { file: RoomFile; pages: FilePage[] };

/** A page that matches. `words`: those parts of the query that it has, in lower case. */
export type FoundPage = { fileId: string; name: string; page: number; text: string; words: string[] };

export type FileSearchResult = { files: RoomFile[]; found: FoundPage[] };
