import { loadKnownFileIds } from "../db/files/purge.ts";
import type { Deps } from "../deps.ts";
import { fileKey } from "../domain/files/file-store.ts";

const hourMs = 3_600_000;
/** A running upload has bytes before it has a row. */
const minAgeMs = hourMs;
/** The job runs each day; older objects were checked before. */
const maxAgeMs = 72 * hourMs;

/** Removes bytes without a row: an upload that ended between storing its bytes and its row leaves them. */
export async function sweepFileBytes({ db, files, log, nowMs }: Deps): Promise<void> {
  const since = fileKey(firstIdSince(nowMs() - maxAgeMs));
  let removed = 0;
  for await (const objects of files.fileStore.list(since)) {
    const old = objects.filter(({ storedAt }) => storedAt.getTime() < nowMs() - minAgeMs);
    const known = await loadKnownFileIds(
      db,
      old.map(({ fileId }) => fileId),
    );
    for (const { fileId } of old.filter((object) => !known.has(object.fileId))) {
      await files.fileStore.delete(fileKey(fileId));
      removed += 1;
    }
  }
  log.info("file_bytes_swept", { removed });
}

/** The lowest UUID v7 of an instant: ids begin with 48 bits of Unix time in ms (RFC 9562, section 5.7). */
function firstIdSince(ms: number): string {
  const hex = ms.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
