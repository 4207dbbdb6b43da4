import { type FilePageRow, loadFilePages } from "../db/files/files.ts";
import type { Deps } from "../deps.ts";
import type { User } from "../domain/user.ts";

/** Pages that are read where the request names no last page. */
const defaultPages = 20;

/** @throws PantheonError `not_found`. */
export async function listFilePages(
  deps: Deps,
  user: User,
  fileId: string,
  { from = 1, to = from + defaultPages - 1 }: { from?: number | undefined; to?: number | undefined },
): Promise<{ pages: FilePageRow[]; hasMore: boolean }> {
  const { file, pages } = await loadFilePages(deps.db, user.userId, fileId, { from, to });
  const lastPage = pages.at(-1)?.page ?? from - 1;
  return { pages, hasMore: lastPage < (file.pagesRead ?? 0) && from <= (file.pagesRead ?? 0) };
}
