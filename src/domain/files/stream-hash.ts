/** A digest of bytes that come piece by piece. */
export type StreamHash = {
  update(bytes: Uint8Array): Promise<void>;
  /** In hex; nothing can be added after it. */
  digest(): Promise<string>;
};
