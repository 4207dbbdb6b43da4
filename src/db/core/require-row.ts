import { notFound } from "../../domain/errors.ts";

/**
 * The row that a statement gave. Ownership is part of every statement, so that another user's row is no row.
 * @throws PantheonError `not_found` where there is none.
 */
export function requireRow<Row>(row: Row | undefined): Row {
  if (row === undefined) throw notFound();
  return row;
}
