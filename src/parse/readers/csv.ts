import Papa from "papaparse";
import { parseLimits } from "../parse-limits.ts";
import { pageTable } from "../text/table-pages.ts";

/** The pages of a text table. Each repeats the first row. */
export function readCsv(text: string, delimiter: "," | "\t" | undefined): string[] {
  const { data } = Papa.parse<string[]>(text, {
    delimiter: delimiter ?? "",
    skipEmptyLines: "greedy",
    preview: parseLimits.maxRows,
  });
  const [header, ...rows] = data.map(formatRow);
  return pageTable(rows, header, parseLimits.pageCharacters);
}

/** A row as one line of CSV, whatever its delimiter was. */
export function formatRow(cells: readonly unknown[]): string {
  return Papa.unparse([cells.map((cell) => String(cell ?? "").replace(/\s*\n\s*/g, " "))]);
}
