import { type FileUsage, loadFileUsage } from "../db/files/files.ts";
import type { Deps } from "../deps.ts";
import type { Log } from "../domain/log.ts";
import { countRequest } from "../domain/rate-limiter.ts";
import type { User } from "../domain/user.ts";

/**
 * Counts an upload against its user's limit, and reads what room and user have stored, before any byte of it is read.
 * @throws PantheonError `rate_limited` with `Retry-After`, `not_found`.
 */
export async function admitUpload(deps: Deps, user: User, roomId: string, log: Log): Promise<FileUsage> {
  const detail = "You have uploaded too many files. Please wait.";
  await countRequest(deps.files.uploadLimiter, { userId: user.userId, log, detail });
  return loadFileUsage(deps.db, { roomId, userId: user.userId });
}
