import type { Row } from "./row.ts";

const heads = ["measure", "figure", "limit", "", "min / median / max, or a remark"];

/** The rows as a Markdown table whose columns also line up in a terminal. */
export function formatMarkdown(rows: readonly Row[]): string {
  const cells = rows.map(({ measure, figure, limit, result, spread }) => [
    measure,
    figure,
    limit,
    result,
    spread,
  ]);
  const table = [heads, ...cells];
  const widths = heads.map((_, column) => Math.max(3, ...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [
    line(heads),
    `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`,
    ...cells.map(line),
  ].join("\n");
}
