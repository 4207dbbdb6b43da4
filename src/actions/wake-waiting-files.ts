import { takeStaleFiles } from "../db/files/parse-jobs.ts";
import type { Deps } from "../deps.ts";

/** After this time a pending file's message is probably lost. */
const maxPendingMs = 120_000;

/**
 * Sends the message again for files that are pending for too long, or whose parser's lease has run out. Files that have used
 * up their attempts are given up.
 */
export async function wakeWaitingFiles({ db, files, log, nowMs }: Deps): Promise<void> {
  const { waiting, givenUp } = await takeStaleFiles(db, new Date(nowMs() - maxPendingMs));
  if (givenUp.length > 0) log.warn("files_given_up", { files: givenUp });
  for (const id of waiting) await files.parseQueue.send({ file_id: id });
  if (waiting.length > 0) log.info("files_woken", { files: waiting.length });
}
