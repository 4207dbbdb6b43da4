import type { Page } from "../../db/page.ts";

/** The wire form of a page; `last_id` is what the next request gives as `after`. */
export function toPage<Row, Item extends { id: string }>(
  page: Page<Row>,
  toItem: (row: Row) => Item,
  idOf: (row: Row, item: Item) => string = (_, item) => item.id,
) {
  const items = page.rows.map((row) => [row, toItem(row)] as const);
  const last = items.at(-1);
  return {
    data: items.map(([, item]) => item),
    has_more: page.hasMore,
    last_id: last === undefined ? null : idOf(...last),
  };
}
