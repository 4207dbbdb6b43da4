import { startLocalDatabase } from "../../../dev/local-database.ts";
import { createScratchDatabase } from "../../../dev/scratch-database.ts";

export type TestDatabase = {
  connectionString: string;
  /** False for the embedded database, which runs one transaction at a time. */
  trueConcurrency: boolean;
  stop(): Promise<void>;
};

/** An empty database for one run: a new one on the server of TEST_DATABASE_URL, else one in memory. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const serverUrl = process.env.TEST_DATABASE_URL;
  if (serverUrl) return { ...(await createScratchDatabase(serverUrl, "test")), trueConcurrency: true };
  return { ...(await startLocalDatabase({ log: () => undefined })), trueConcurrency: false };
}
