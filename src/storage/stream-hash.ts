import type { StreamHash } from "../domain/files/stream-hash.ts";

/** SHA-256 by the platform's own digest of streams. */
export function createStreamHash(): StreamHash {
  const stream = new crypto.DigestStream("SHA-256");
  const writer = stream.getWriter();
  return {
    update: (bytes) => writer.write(bytes),
    async digest() {
      await writer.close();
      const digest = await stream.digest;
      return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    },
  };
}
