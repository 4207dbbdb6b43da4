import type { FileKind } from "../domain/files/file-kind.ts";

/** A document's text, page by page. */
export type ParsedDocument = {
  kind: FileKind;
  /** In order. A page without text is an empty string. */
  pages: string[];
  /** Pages of the document. More than `pages.length` if reading stopped at a limit. */
  pageCount: number;
  /** Whether the encoding was guessed. Some characters may then be wrong. */
  encodingGuessed: boolean;
};
