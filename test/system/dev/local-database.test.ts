import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLocalDatabase } from "../../../dev/local-database.ts";

const log = () => undefined;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "pantheon-data-"));
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function ask(connectionString: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows;
}

test("the embedded database serves several connections without mixing them", async () => {
  const database = await startLocalDatabase({ log });
  const pool = new pg.Pool({ connectionString: database.connectionString, max: 8 });
  await pool.query("create table tally (n int)");
  await pool.query("insert into tally values (0)");

  const transaction = async () => {
    const client = await pool.connect();
    await client.query("begin");
    const first = await client.query("update tally set n = n + $1 returning n", [1]);
    const second = await client.query("update tally set n = n + $1 returning n", [1]);
    await client.query("commit");
    client.release();
    expect(second.rows[0].n).toBe(first.rows[0].n + 1);
  };
  const echo = async (value: number) => {
    const { rows } = await pool.query("select $1::int as value", [value]);
    expect(rows).toEqual([{ value }]);
  };
  await Promise.all(Array.from({ length: 60 }, (_, i) => (i % 2 ? transaction() : echo(i))));
  expect((await pool.query("select n from tally")).rows).toEqual([{ n: 60 }]);

  await pool.end();
  await database.stop();
});

test("a client that leaves inside a transaction does not block the others", async () => {
  const database = await startLocalDatabase({ log });
  await ask(database.connectionString, "create table tally (n int)");
  const gone = new pg.Client({ connectionString: database.connectionString });
  gone.on("error", () => undefined);
  await gone.connect();
  await gone.query("begin");
  await gone.query("insert into tally values (1)");
  const ended = gone.end();
  expect(await ask(database.connectionString, "select * from tally")).toEqual([]);
  await ended;
  await database.stop();
});

test("a data directory is kept, and belongs to one process at a time", async () => {
  const first = await startLocalDatabase({ dataDir, log });
  await ask(first.connectionString, "create table kept as select 42 as answer");
  await expect(startLocalDatabase({ dataDir, log })).rejects.toThrow(
    `The data directory ${dataDir} is in use by another Pantheon process (pid ${process.pid}).`,
  );
  await first.stop();

  // What a killed process leaves behind: its pid now belongs to somebody who started later.
  await writeFile(join(dataDir, "pantheon.pid"), `${process.pid} 1`);
  const second = await startLocalDatabase({ dataDir, log });
  expect(await ask(second.connectionString, "select answer from kept")).toEqual([{ answer: 42 }]);
  await second.stop();
  await expect(readFile(join(dataDir, "pantheon.pid"))).rejects.toThrow("ENOENT");
});

test.each([
  ["refuses connections", "postgres://eve:hunter2@127.0.0.1:1/x", "(connection refused)"],
  ["has another scheme", "mysql://eve:hunter2@127.0.0.1/x", "must look like"],
  ["hides its user name", "postgres://eve:hunter2#@127.0.0.1/x", "must look like"],
  ["is no URL", "hunter2", "must look like"],
])("a DATABASE_URL that %s gives one line without the password", async (_what, databaseUrl, expected) => {
  const error: unknown = await startLocalDatabase({ databaseUrl, log }).catch((reason: unknown) => reason);
  const line = String(error);
  expect(line).toMatch(/^Error: DATABASE_URL/);
  expect(line).toContain(expected);
  expect(line).not.toMatch(/hunter2|\n/);
});
