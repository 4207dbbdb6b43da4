import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { expect, test } from "vitest";
import { applyMigrations } from "../../../dev/migrate.ts";
import { startTestDatabase } from "../../support/node/test-database.ts";

const repositoryDir = fileURLToPath(new URL("../../..", import.meta.url));
const appliedMigrations = "select hash, created_at from drizzle.__drizzle_migrations order by id";

/** An empty database and a question to it; `stop` must be called. */
async function startEmptyDatabase() {
  const database = await startTestDatabase();
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  return {
    ...database,
    ask: async (statement: string) => (await client.query(statement)).rows,
    async stop() {
      await client.end();
      await database.stop();
    },
  };
}

/** What a command printed, whether it succeeded or not. */
async function run(script: string, args: string[], databaseUrl: string) {
  const { PATH, HOME } = process.env;
  const options = { cwd: repositoryDir, env: { PATH, HOME, DATABASE_URL: databaseUrl } };
  return promisify(execFile)(process.execPath, [join(repositoryDir, script), ...args], options).then(
    ({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({
      exitCode: Number(code),
      stdout: String(stdout),
      stderr: String(stderr),
    }),
  );
}

const drizzleKit = (args: string[], databaseUrl = "") =>
  run("node_modules/drizzle-kit/bin.cjs", args, databaseUrl);
const migrateDatabase = (databaseUrl: string) => run("dev/migrate-database.ts", [], databaseUrl);

test("migrations are applied once, by several processes at once where the database allows it", async () => {
  const { connectionString, trueConcurrency, ask, stop } = await startEmptyDatabase();
  // One session serves all connections of the embedded database, so its locks exclude nobody; there the
  // lock on the data directory keeps a second process away.
  const runs = trueConcurrency ? 4 : 1;
  await Promise.all(Array.from({ length: runs }, () => applyMigrations(connectionString)));
  const first = await ask(appliedMigrations);
  expect(first.length).toBeGreaterThan(0);
  await applyMigrations(connectionString);
  expect(await ask(appliedMigrations)).toEqual(first);

  await ask("delete from drizzle.__drizzle_migrations");
  await expect(applyMigrations(connectionString)).rejects.toThrow(/^A migration failed: .* already exists$/);
  await stop();
}, 60_000);

test("npm run db:migrate and drizzle-kit keep one journal: what one has applied the other accepts", async () => {
  const pantheon = await startEmptyDatabase();
  const first = await migrateDatabase(pantheon.connectionString);
  expect(first).toMatchObject({ exitCode: 0, stderr: "" });
  expect(first.stdout).toMatch(/^(Applied \d{4}_\w+\n)+\S+ has every migration\n$/);
  const journal = await pantheon.ask(appliedMigrations);
  expect(first.stdout.match(/^Applied /gm)).toHaveLength(journal.length);
  expect(await drizzleKit(["migrate"], pantheon.connectionString)).toMatchObject({ exitCode: 0 });
  expect(await pantheon.ask(appliedMigrations)).toEqual(journal);
  await pantheon.stop();

  const kit = await startEmptyDatabase();
  expect(await drizzleKit(["migrate"], kit.connectionString)).toMatchObject({ exitCode: 0 });
  expect(await kit.ask(appliedMigrations)).toEqual(journal);
  const again = await migrateDatabase(kit.connectionString);
  expect(again).toMatchObject({ exitCode: 0, stderr: "" });
  expect(again.stdout).toMatch(/^Nothing to apply\n\S+ has every migration\n$/);
  expect(await kit.ask(appliedMigrations)).toEqual(journal);
  await kit.stop();
}, 60_000);

test.each([
  ["", /^DATABASE_URL is missing/],
  ["mysql://somewhere/x", /^DATABASE_URL must look like postgres:/],
  ["postgres://u:hunter2@ep-x-1-pooler.eu.neon.tech/x", /^DATABASE_URL: this is Neon's pooled connection/],
  ["postgres://u:hunter2@127.0.0.1:1/x", /^DATABASE_URL: no answer from Postgres at 127\.0\.0\.1:1\/x/],
])("npm run db:migrate with DATABASE_URL=%j is one line and exit code 1", async (databaseUrl, expected) => {
  const { exitCode, stderr } = await migrateDatabase(databaseUrl);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(expected);
  expect(stderr.trim()).not.toMatch(/hunter2|\n/);
});

test("the migrations give the same tables as the schema", async () => {
  const dir = await mkdtemp(join(tmpdir(), "pantheon-generate-"));
  await cp(join(repositoryDir, "drizzle"), dir, { recursive: true });
  const before = await readdir(dir, { recursive: true });
  const args = ["generate", "--dialect", "postgresql", "--schema", "./src/db/schema.ts"];
  const { exitCode, stdout } = await drizzleKit([...args, "--out", relative(repositoryDir, dir)]);
  expect(stdout).toContain("No schema changes, nothing to migrate");
  expect(exitCode).toBe(0);
  expect(await readdir(dir, { recursive: true })).toEqual(before);
  await rm(dir, { recursive: true });
}, 60_000);
