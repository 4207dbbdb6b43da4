/** The storage of files' bytes: a bucket of R2, or a substitute. Keys are `files/<file id>`. */
export type FileStore = {
  /** Stores a stream of exactly `bytes` bytes under an unused key. */
  put(key: string, body: ReadableStream<Uint8Array>, bytes: number): Promise<void>;
  /** @returns undefined where nothing is stored there. */
  get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>;
  delete(key: string): Promise<void>;
  /** The stored objects whose keys follow `startAfter`, in the order of their keys, page by page. */
  list(startAfter: string): AsyncIterable<readonly StoredObject[]>;
};

export type StoredObject = { fileId: string; storedAt: Date };

/** Bytes from `offset`, counted from 0. */
export type ByteRange = { offset: number; length: number };

export function fileKey(fileId: string): string {
  return `files/${fileId}`;
}
