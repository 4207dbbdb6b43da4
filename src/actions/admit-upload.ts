import type { Deps } from "../deps.ts";
import type { Log } from "../domain/log.ts";
import { countRequest } from "../domain/rate-limiter.ts";
import type { User } from "../domain/user.ts";

/**
 * Counts an upload against its user's limit, before any byte is read.
 * @throws PantheonError `rate_limited`, with `Retry-After`.
 */
export function admitUpload({ files }: Pick<Deps, "files">, user: User, log: Log): Promise<void> {
  const detail = "You have uploaded too many files. Please wait.";
  return countRequest(files.uploadLimiter, { userId: user.userId, log, detail });
}
