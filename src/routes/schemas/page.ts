import type { Page } from "../../db/page.ts";

/** The wire form of a page; `last_id` is what the next request gives as `after`. */
export function toPage<Row, Item>(page: Page<Row>, toItem: (row: Row) => Item, idOf: (row: Row) => string) {
  const last = page.rows.at(-1);
  return {
    data: page.rows.map(toItem),
    has_more: page.hasMore,
    last_id: last === undefined ? null : idOf(last),
  };
}
