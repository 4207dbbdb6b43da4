import type { FileKind } from "../domain/files/file-kind.ts";

/** A document's text, page by page. */
export type ParsedDocument = {
  kind: FileKind;
  /** In order; a page without text is an empty string. */
  pages: string[];
  /** Pages that the document has; more than `pages.length` where reading stopped at a limit. */
  pageCount: number;
  /** True where the encoding was guessed, so that some characters may be wrong. */
  encodingGuessed: boolean;
};
