import { softDeleteFile } from "../db/files/files.ts";
import type { Deps } from "../deps.ts";
import type { User } from "../domain/user.ts";

/** The file is gone from every read at once; its bytes and text go later. @throws PantheonError `not_found`. */
export function removeFile(deps: Deps, user: User, fileId: string): Promise<void> {
  return softDeleteFile(deps.db, user.userId, fileId, deps.now());
}
