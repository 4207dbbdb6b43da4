import { randomBytes } from "node:crypto";
import pg from "pg";

export type ScratchDatabase = { connectionString: string; stop(): Promise<void> };

/** A new, empty database on the server of `serverUrl`, named after what it is for; `stop` drops it. */
export async function createScratchDatabase(serverUrl: string, purpose: string): Promise<ScratchDatabase> {
  const name = `pantheon_${purpose}_${randomBytes(6).toString("hex")}`;
  await onServer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    connectionString: url.href,
    stop: () => onServer(serverUrl, `drop database if exists ${name} with (force)`),
  };
}

async function onServer(connectionString: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(statement);
  await client.end();
}
