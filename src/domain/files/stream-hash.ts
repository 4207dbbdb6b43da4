/** A digest of bytes that arrive in pieces. */
export type StreamHash = {
  update(bytes: Uint8Array): Promise<void>;
  /** The digest in hex. No bytes can be added afterwards. */
  digest(): Promise<string>;
};
