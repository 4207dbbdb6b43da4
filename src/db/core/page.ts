import { PantheonError } from "../../domain/errors.ts";

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
