import type { Bucket } from "../domain/files/bucket.ts";
import { type FileStore, fileKey } from "../domain/files/file-store.ts";

const prefix = fileKey("");

/** Files in a bucket of R2. A put needs the length of its stream, and never overwrites. */
export function createR2Store(bucket: Bucket): FileStore {
  return {
    async put(key, body, bytes) {
      const fixed = body.pipeThrough(new FixedLengthStream(bytes));
      const stored = await bucket.put(key, fixed, { onlyIf: { etagDoesNotMatch: "*" } });
      if (stored === null) throw new Error("The key is taken.");
    },
    async get(key, range) {
      const object = await bucket.get(key, range === undefined ? {} : { range });
      return object?.body ?? undefined;
    },
    async delete(key) {
      await bucket.delete(key);
    },
    async *list(startAfter) {
      let cursor: string | undefined;
      do {
        const page = await bucket.list({ prefix, startAfter, ...(cursor === undefined ? {} : { cursor }) });
        yield page.objects.map(({ key, uploaded }) => ({
          fileId: key.slice(prefix.length),
          storedAt: uploaded,
        }));
        cursor = page.truncated ? page.cursor : undefined;
      } while (cursor !== undefined);
    },
  };
}
