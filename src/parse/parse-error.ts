import type { FileErrorCode } from "../domain/files/file-error.ts";

/** A file that cannot be parsed. Another attempt would fail too. */
export class ParseError extends Error {
  readonly code: FileErrorCode;

  constructor(code: FileErrorCode, options?: ErrorOptions) {
    super(code, options);
    this.name = "ParseError";
    this.code = code;
  }
}
