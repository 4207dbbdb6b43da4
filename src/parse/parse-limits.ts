/** What one document may cost. A document over a limit keeps what was read, or fails with `file_too_complex`. */
export const parseLimits = {
  /** Pages that are read; later ones are counted. */
  maxPages: 2_000,
  /** Characters of text that are kept over all pages. */
  maxCharacters: 4_000_000,
  /** Characters of one page: Postgres holds a `tsvector` of 1 MiB at most. */
  maxPageCharacters: 100_000,
  /** Characters of a page that is cut from a text without pages. */
  pageCharacters: 3_000,
  /** Bytes of all that is unpacked from an archive. */
  maxUnpackedBytes: 67_108_864,
  /** Entries of an archive. */
  maxArchiveEntries: 10_000,
  /** Elements inside each other. */
  maxDepth: 256,
  /** Rows of all sheets of a workbook. */
  maxRows: 100_000,
  /** Bytes that PDFium may take. */
  maxHeapBytes: 67_108_864,
} as const;
