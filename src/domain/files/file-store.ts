/** Where the bytes of files are: a bucket of R2, or what looks like one. Keys are `files/<file id>`. */
export type FileStore = {
  /** Stores a stream of exactly `bytes` bytes under a key that holds nothing yet. */
  put(key: string, body: ReadableStream<Uint8Array>, bytes: number): Promise<void>;
  /** @returns undefined where nothing is stored there. */
  get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>;
  delete(key: string): Promise<void>;
  /** What is stored under keys behind `startAfter`, in their order, page by page. */
  list(startAfter: string): AsyncIterable<readonly StoredObject[]>;
};

export type StoredObject = { fileId: string; storedAt: Date };

/** Bytes from `offset`, counted from 0. */
export type ByteRange = { offset: number; length: number };

export function fileKey(fileId: string): string {
  return `files/${fileId}`;
}
