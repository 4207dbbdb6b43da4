import pg from "pg";
import { expect, test } from "vitest";
import { applyMigrations } from "../../dev/migrate.ts";
import { startTestDatabase } from "../support/node/test-database.ts";

const APPLIED = "select count(*)::int as n from drizzle.__drizzle_migrations";

test("migrations are applied once, by several processes at once where the database allows it", async () => {
  const { connectionString, trueConcurrency, stop } = await startTestDatabase();
  const client = new pg.Client({ connectionString });
  await client.connect();

  // One session serves all connections of the embedded database, so its locks exclude nobody; there the
  // lock on the data directory keeps a second process away.
  const runs = trueConcurrency ? 4 : 1;
  await Promise.all(Array.from({ length: runs }, () => applyMigrations(connectionString)));
  const { rows: first } = await client.query(APPLIED);
  expect(first[0].n).toBeGreaterThan(0);
  await applyMigrations(connectionString);
  expect((await client.query(APPLIED)).rows).toEqual(first);

  await client.query("delete from drizzle.__drizzle_migrations");
  await expect(applyMigrations(connectionString)).rejects.toThrow(/^A migration failed: .* already exists$/);
  await client.end();
  await stop();
});
