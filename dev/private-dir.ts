import { chmodSync, mkdirSync, readdirSync } from "node:fs";

/** What the local platform keeps in its data directory. */
const ownEntries = new Set(["auth-secret", "pantheon.pid", "platform-url", "postgres", "storage"]);

/**
 * Makes a data directory that only its owner can enter. One that was made with wider rights is narrowed, unless
 * it holds files of others: `PANTHEON_DATA_DIR` may name a directory that is shared.
 */
export function makePrivateDir(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (readdirSync(dir).every((entry) => ownEntries.has(entry))) chmodSync(dir, 0o700);
}
