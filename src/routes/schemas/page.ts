import type { Page } from "../../db/core/page.ts";

/** The wire form of a page. The next request sends `last_id` as `after`. */
export function toPage<Row, Item extends { id: string }>(page: Page<Row>, toItem: (row: Row) => Item) {
  const data = page.rows.map(toItem);
  return { data, has_more: page.hasMore, last_id: data.at(-1)?.id ?? null };
}
