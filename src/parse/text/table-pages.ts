/** Joins rows to pages of at most `size` characters. Pages end at row ends and begin with the header. */
export function pageTable(rows: readonly string[], header: string | undefined, size: number): string[] {
  const start = header === undefined ? [] : [header];
  const startLength = header === undefined ? 0 : header.length + 1;
  const pages: string[] = [];
  let page = [...start];
  let length = startLength;
  for (const row of rows) {
    if (page.length > start.length && length + row.length + 1 > size) {
      pages.push(page.join("\n"));
      page = [...start];
      length = startLength;
    }
    page.push(row);
    length += row.length + 1;
  }
  if (page.length > start.length || (pages.length === 0 && start.length > 0)) pages.push(page.join("\n"));
  return pages;
}
