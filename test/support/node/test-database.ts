import { randomBytes } from "node:crypto";
import pg from "pg";
import { startLocalDatabase } from "../../../dev/local-database.ts";

export type TestDatabase = {
  connectionString: string;
  /** False for the embedded database, which runs one transaction at a time. */
  trueConcurrency: boolean;
  stop(): Promise<void>;
};

/** An empty database for one run: a new one on the server of TEST_DATABASE_URL, else one in memory. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const serverUrl = process.env.TEST_DATABASE_URL;
  if (!serverUrl) {
    const embedded = await startLocalDatabase({ log: () => undefined });
    return { ...embedded, trueConcurrency: false };
  }
  const name = `pantheon_test_${randomBytes(6).toString("hex")}`;
  await onServer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    connectionString: url.href,
    trueConcurrency: true,
    stop: () => onServer(serverUrl, `drop database if exists ${name} with (force)`),
  };
}

async function onServer(connectionString: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(statement);
  await client.end();
}
