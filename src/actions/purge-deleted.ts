import { deleteFileRows, loadDeletedFileIds, purgeDeletedRooms } from "../db/files/purge.ts";
import type { Deps } from "../deps.ts";
import { fileKey } from "../domain/files/file-store.ts";

const dayMs = 86_400_000;

/**
 * Removes for good what was deleted long ago: the bytes and texts of files, then sessions and rooms with their
 * texts. The ledger stays. A file's bytes go first, so that no row is lost whose bytes are still there.
 */
export async function purgeDeleted(deps: Deps): Promise<void> {
  const { db, files, limits, log } = deps;
  const daysAgo = (days: number) => new Date(deps.nowMs() - days * dayMs);
  const ids = await loadDeletedFileIds(db, daysAgo(limits.fileRetentionDays));
  for (const id of ids) await files.fileStore.delete(fileKey(id));
  await deleteFileRows(db, ids);
  const purged = await purgeDeletedRooms(db, daysAgo(limits.deletedRetentionDays));
  log.info("deleted_purged", { files: ids.length, ...purged });
}
