import type { Page, PageRequest } from "../db/core/page.ts";
import { type FileRow, loadFiles } from "../db/files/files.ts";
import type { Deps } from "../deps.ts";
import type { User } from "../domain/user.ts";

/** @throws PantheonError `not_found`, `invalid_cursor`. */
export function listFiles(deps: Deps, user: User, roomId: string, page: PageRequest): Promise<Page<FileRow>> {
  return loadFiles(deps.db, { roomId, userId: user.userId }, page);
}
