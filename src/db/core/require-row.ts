import { notFound } from "../../domain/errors.ts";

/**
 * The row that a statement returned. Ownership is part of every statement: for another user's row it returns none.
 * @throws PantheonError `not_found` where there is none.
 */
export function requireRow<Row>(row: Row | undefined): Row {
  if (row === undefined) throw notFound();
  return row;
}
