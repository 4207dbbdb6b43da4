import { type FileRow, loadFile } from "../db/files/files.ts";
import type { Deps } from "../deps.ts";
import type { User } from "../domain/user.ts";

/** @throws PantheonError `not_found`. */
export function readFile(deps: Deps, user: User, fileId: string): Promise<FileRow> {
  return loadFile(deps.db, user.userId, fileId);
}
