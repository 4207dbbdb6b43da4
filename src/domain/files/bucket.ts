/** The part of R2's binding that is used. */
export type Bucket = {
  /** @returns null where the condition does not hold. */
  put(
    key: string,
    value: ReadableStream<Uint8Array>,
    options: { onlyIf: { etagDoesNotMatch: string } },
  ): Promise<unknown>;
  get(
    key: string,
    options?: { range?: { offset: number; length: number } },
  ): Promise<{ body: ReadableStream } | null>;
  delete(keys: string | string[]): Promise<void>;
  list(options: { prefix: string; startAfter?: string; cursor?: string }): Promise<BucketListing>;
};

export type BucketListing = { objects: readonly { key: string; uploaded: Date }[] } & (
  | { truncated: true; cursor: string }
  | { truncated: false }
);
