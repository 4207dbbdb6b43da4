import { type FileRow, resetFile } from "../db/files/files.ts";
import type { Deps } from "../deps.ts";
import type { Log } from "../domain/log.ts";
import type { User } from "../domain/user.ts";

/** Starts another parsing of a file whose parsing failed. A file in another state stays as it is. */
export async function parseFileAgain(deps: Deps, user: User, fileId: string, log: Log): Promise<FileRow> {
  const file = await resetFile(deps.db, user.userId, fileId, deps.now());
  if (file.status === "pending") {
    await deps.files.parseQueue.send({ file_id: fileId }).catch(() => {
      log.warn("parse_not_queued", { file_id: fileId });
    });
  }
  return file;
}
