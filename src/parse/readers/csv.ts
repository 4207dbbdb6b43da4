import Papa from "papaparse";
import { parseLimits } from "../parse-limits.ts";
import { pageTable } from "../text/table-pages.ts";

/** The rows of a table of text, the first one repeated on each page. */
export function readCsv(text: string, delimiter: "," | "\t" | undefined): string[] {
  const { data } = Papa.parse<string[]>(text, {
    delimiter: delimiter ?? "",
    skipEmptyLines: "greedy",
    preview: parseLimits.maxRows,
  });
  const [header, ...rows] = data.map(formatRow);
  return pageTable(rows, header, parseLimits.pageCharacters);
}

/** A row as CSV again, whatever divided its cells before: it then has one line, and one form. */
export function formatRow(cells: readonly unknown[]): string {
  return Papa.unparse([cells.map((cell) => String(cell ?? "").replace(/\s*\n\s*/g, " "))]);
}
