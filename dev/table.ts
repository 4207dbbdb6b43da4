/** Rows under their heads, in columns as wide as they need; figures to the right. */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const table = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const isFigure = heads.map((_, column) => rows.every((row) => /^[\d.,]+( m?s)?$/.test(row[column] ?? "")));
  return table.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isFigure[column] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
