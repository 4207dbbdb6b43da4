import { notFound, PantheonError } from "../../domain/errors.ts";

export type PageRequest = { limit: number; after?: string | undefined };
/** `oldest`: by creation; `recent`: what was used last comes first. */
export type UsePageRequest = PageRequest & { order: "oldest" | "recent" };
export type Page<T> = { rows: T[]; hasMore: boolean };

/**
 * Cuts a page from rows that were read with `limit + 1`.
 * @throws PantheonError `invalid_cursor` where `after` names no row of the list.
 */
export function readPage<T>(request: PageRequest, cursorFound: boolean, found: T[]): Page<T> {
  if (request.after !== undefined && !cursorFound) {
    throw new PantheonError("invalid_cursor", "The cursor names no row of this list.");
  }
  return { rows: found.slice(0, request.limit), hasMore: found.length > request.limit };
}

/** What a batch has read for a page, which has fewer rows than `limit` where their texts are long. `matched`: rows from the cursor on, cut at `limit + 1`. */
type FittingPage<T> = {
  owned: { rows: readonly { owned: boolean }[] };
  cursor: readonly unknown[];
  matched: { rows: readonly { rows: number }[] };
  found: T[];
};

/** @throws PantheonError `not_found` where the list is not the user's; `invalid_cursor`. */
export function readFittingPage<T>(request: PageRequest, read: FittingPage<T>): Page<T> {
  if (read.owned.rows[0]?.owned !== true) throw notFound();
  const { rows } = readPage(request, read.cursor.length > 0, read.found);
  return { rows, hasMore: rows.length < (read.matched.rows[0]?.rows ?? 0) };
}
