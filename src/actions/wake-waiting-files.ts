import { loadStaleFileIds } from "../db/files/parse-jobs.ts";
import type { Deps } from "../deps.ts";

/** A file that has waited so long has probably lost its message. */
const patienceMs = 120_000;

/** Sends the parser again what has waited too long, or what a parser took and did not finish. */
export async function wakeWaitingFiles({ db, files, log, nowMs }: Deps): Promise<void> {
  const ids = await loadStaleFileIds(db, new Date(nowMs() - patienceMs));
  for (const id of ids) await files.parseQueue.send({ file_id: id });
  if (ids.length > 0) log.info("files_woken", { files: ids.length });
}
