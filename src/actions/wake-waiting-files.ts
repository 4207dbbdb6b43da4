import { loadStaleFileIds } from "../db/files/parse-jobs.ts";
import type { Deps } from "../deps.ts";

/** After this time a pending file's message is probably lost. */
const maxPendingMs = 120_000;

/** Sends the message again for files that are pending for too long, or whose parser's lease has run out. */
export async function wakeWaitingFiles({ db, files, log, nowMs }: Deps): Promise<void> {
  const ids = await loadStaleFileIds(db, new Date(nowMs() - maxPendingMs));
  for (const id of ids) await files.parseQueue.send({ file_id: id });
  if (ids.length > 0) log.info("files_woken", { files: ids.length });
}
