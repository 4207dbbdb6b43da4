import { read, utils } from "@e965/xlsx";
import { unpackArchive } from "../archive.ts";
import { ParseError } from "../parse-error.ts";
import { parseLimits } from "../parse-limits.ts";
import { pageTable } from "../text/table-pages.ts";
import { formatRow } from "./csv.ts";

/** The cells of a workbook as they are shown, sheet by sheet. A sheet begins on a new page. */
export function readXlsx(bytes: Uint8Array): string[] {
  // The library unpacks without a limit, so the archive is unpacked within the limits first.
  unpackArchive(bytes, () => true);
  const workbook = readWorkbook(bytes);
  let rowsLeft = parseLimits.maxRows as number;
  return workbook.SheetNames.flatMap((name) => {
    const sheet = workbook.Sheets[name];
    if (sheet === undefined || rowsLeft <= 0) return [];
    const rows = utils
      .sheet_to_json<unknown[]>(sheet, { header: 1, raw: false, blankrows: false, defval: "" })
      .slice(0, rowsLeft);
    rowsLeft -= rows.length;
    const [header, ...others] = rows.map(formatRow);
    if (header === undefined) return [];
    return pageTable(others, `Sheet: ${name}\n${header}`, parseLimits.pageCharacters);
  });
}

function readWorkbook(bytes: Uint8Array) {
  try {
    return read(bytes, {
      type: "array",
      dense: true,
      sheetRows: parseLimits.maxRows,
      cellHTML: false,
      cellFormula: false,
    });
  } catch (error) {
    throw new ParseError(isEncrypted(error) ? "file_encrypted" : "file_unreadable", { cause: error });
  }
}

function isEncrypted(error: unknown): boolean {
  return error instanceof Error && /password|encrypt/i.test(error.message);
}
