import type { ByteRange } from "./file-store.ts";

/**
 * Reads a `Range` header (RFC 9110, section 14). One range of bytes is honoured; a header in another form or with
 * several ranges counts as none.
 * @returns null: the whole file; "unsatisfiable": the range begins behind the end of the file.
 */
export function readByteRange(header: string | undefined, bytes: number): ByteRange | null | "unsatisfiable" {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (first === "" && last === "") return null;
  if (first === "") {
    const length = Math.min(Number(last), bytes);
    return length === 0 ? "unsatisfiable" : { offset: bytes - length, length };
  }
  const offset = Number(first);
  if (offset >= bytes) return "unsatisfiable";
  if (last === "") return { offset, length: bytes - offset };
  if (Number(last) < offset) return null;
  return { offset, length: Math.min(Number(last), bytes - 1) - offset + 1 };
}
