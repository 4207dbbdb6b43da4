/** Limits of one document. Above a limit, the text read so far is kept, or the file fails with `file_too_complex`. */
export const parseLimits = {
  /** Pages that are read. Later pages are only counted. */
  maxPages: 2_000,
  /** Characters of text of all pages together. */
  maxCharacters: 4_000_000,
  /** Characters of one page. A `tsvector` of Postgres has at most 1 MiB. */
  maxPageCharacters: 100_000,
  /** Characters of a page, where a text without pages is cut into pages. */
  pageCharacters: 3_000,
  /** Bytes that are unpacked from an archive. */
  maxUnpackedBytes: 67_108_864,
  /** Entries of an archive. */
  maxArchiveEntries: 10_000,
  /** Depth of nested elements. */
  maxDepth: 256,
  /** Rows of all sheets of a workbook. */
  maxRows: 100_000,
  /** Bytes of PDFium's memory. */
  maxHeapBytes: 67_108_864,
} as const;
