import { deleteFileRows, loadDeletedFileIds, purgeDeletedRooms } from "../db/files/purge.ts";
import type { Deps } from "../deps.ts";
import { fileKey } from "../domain/files/file-store.ts";

const dayMs = 86_400_000;

/**
 * Purges what was deleted long ago: the bytes and texts of files, then sessions and rooms with their texts. The ledger stays.
 * A file's bytes are deleted before its row: without the row they would never be found.
 */
export async function purgeDeleted(deps: Deps): Promise<void> {
  const { db, files, settings, log } = deps;
  const daysAgo = (days: number) => new Date(deps.nowMs() - days * dayMs);
  const ids = await loadDeletedFileIds(db, daysAgo(settings.fileRetentionDays));
  for (const id of ids) await files.fileStore.delete(fileKey(id));
  await deleteFileRows(db, ids);
  const purged = await purgeDeletedRooms(db, daysAgo(settings.deletedRetentionDays));
  log.info("deleted_purged", { files: ids.length, ...purged });
}
