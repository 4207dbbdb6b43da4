import { neonConfig } from "@neondatabase/serverless";
import pg from "pg";
import { applyMigrations } from "../../../dev/migrate.ts";
import { startNeonEndpoint } from "../../../dev/neon-endpoint.ts";
import { createDb, type Db } from "../../../src/db/core/client.ts";
import { RowSaver } from "../row-saver.ts";
import { startTestDatabase } from "./test-database.ts";

/** One request of the Neon driver: the texts of its statements, and how large it was. */
export type SentRequest = { statements: string[]; bytes: number };

export type CheckpointDatabase = {
  db: Db;
  /** A saver that shares nothing with another but the database. */
  newSaver(): RowSaver;
  /** What was asked of the database since this was called last. */
  takeRequests(): SentRequest[];
  /** Asks past the Neon endpoint; nothing of it is in `takeRequests`. */
  ask(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  empty(): Promise<void>;
  stop(): Promise<void>;
};

/** A migrated database behind a Neon endpoint, for one test file: the driver has one endpoint per process. */
export async function startCheckpointDatabase(): Promise<CheckpointDatabase> {
  const database = await startTestDatabase();
  const { connectionString, trueConcurrency } = database;
  await applyMigrations(connectionString);
  const endpoint = await startNeonEndpoint({ connectionString, maxConnections: trueConcurrency ? 10 : 1 });
  const pool = new pg.Pool({ connectionString, max: 1 });
  let requests: SentRequest[] = [];
  neonConfig.fetchFunction = (url: string, init: { body: string }) => {
    requests.push({ statements: statementsOf(init.body), bytes: init.body.length });
    return fetch(url, init);
  };
  const newDb = () => createDb("postgres://nobody@localhost/nothing", endpoint.url);
  return {
    db: newDb(),
    newSaver: () => new RowSaver(newDb()),
    takeRequests() {
      const taken = requests;
      requests = [];
      return taken;
    },
    ask: async (text, values) => (await pool.query(text, values)).rows,
    empty: async () => {
      await pool.query("truncate checkpoints, checkpoint_blobs, checkpoint_writes");
    },
    async stop() {
      await pool.end();
      await endpoint.stop();
      await database.stop();
    },
  };
}

function statementsOf(body: string): string[] {
  const sent: { query?: string; queries?: { query: string }[] } = JSON.parse(body);
  return sent.queries?.map(({ query }) => query) ?? [sent.query ?? ""];
}
