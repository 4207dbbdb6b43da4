import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { startLocalDatabase } from "../../../dev/local-database.ts";
import { applyMigrations } from "../../../dev/migrate.ts";
import { createScratchDatabase } from "../../../dev/scratch-database.ts";
import { seedDemo } from "../../../dev/seed.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const maxStopMs = 10_000;

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "pantheon-endless-"));
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

/** Statements that do not end on their own: one waits, one computes. */
const sleeps = "perform pg_sleep(600);";
const computes = "loop end loop;";

/** The insert of a new room, or the first one of all, runs a statement that does not end. */
type Stall = { at: "request" | "start"; endless: string };

async function stallInserts(connectionString: string, { at, endless }: Stall): Promise<void> {
  await applyMigrations(connectionString);
  if (at === "request") await seedDemo(connectionString);
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(`create function stall() returns trigger language plpgsql as
    $$ begin ${endless} return null; end $$`);
  const table = at === "request" ? "rooms" : "users";
  await client.query(`create trigger stall after insert on ${table} for each row execute function stall()`);
  await client.end();
}

async function prepareEmbedded(stall: Stall): Promise<void> {
  const database = await startLocalDatabase({ dataDir, log: () => undefined });
  await stallInserts(database.connectionString, stall);
  await database.stop();
}

function startDev(databaseUrl = "") {
  const { PATH, HOME } = process.env;
  const unset = { LLM_API_KEY: "", TAVILY_API_KEY: "", AUTH_JWT_SECRET: "", AUTH_JWKS_URL: "" };
  const env = { PATH, HOME, PANTHEON_DATA_DIR: dataDir, DATABASE_URL: databaseUrl, ...unset };
  const child = spawn(process.execPath, [join(root, "dev/dev.ts"), "--port", "0"], { cwd: root, env });
  let output = "";
  const until = (pattern: RegExp) =>
    expect.poll(() => pattern.exec(output)?.[0], { timeout: 60_000 }).toBeDefined();
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, ended, until, output: () => output };
}

type Dev = ReturnType<typeof startDev>;

function urlOf(output: string): string | undefined {
  return /^Pantheon ready on (\S+)$/m.exec(output)?.[1];
}

/** Posts a room, whose insert does not end. */
async function startEndlessRequest({ until, output }: Dev): Promise<void> {
  await until(/^Pantheon ready on/m);
  const url = urlOf(output());
  const minting = spawn(process.execPath, [join(root, "dev/token.ts"), "--sub", "demo"], {
    env: { ...process.env, PANTHEON_DATA_DIR: dataDir },
  });
  let token = "";
  minting.stdout.on("data", (chunk) => (token += chunk));
  await new Promise((resolve) => minting.once("close", resolve));
  fetch(`${url}/api/v1/rooms`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token.trim()}`, "Content-Type": "application/json" },
    body: JSON.stringify({ name: "Room", current_mode: "manual" }),
  }).catch(() => undefined);
}

/** The embedded database has one session, so it answers no other request while a statement runs. */
async function untilDatabaseIsBusy({ output }: Dev): Promise<void> {
  const url = urlOf(output());
  const answers = () =>
    fetch(`${url}/api/v1/health/ready`, { signal: AbortSignal.timeout(500) }).then(
      ({ ok }) => ok,
      () => false,
    );
  await expect.poll(answers, { timeout: 20_000 }).toBe(false);
}

async function stopsInTime({ child, ended }: Dev, signal: NodeJS.Signals): Promise<number | null> {
  const startedMs = performance.now();
  child.kill(signal);
  const exitCode = await ended;
  expect(performance.now() - startedMs).toBeLessThan(maxStopMs);
  return exitCode;
}

test.each([
  ["Ctrl-C", "SIGINT", sleeps],
  ["SIGTERM", "SIGTERM", computes],
] as const)(
  "%s ends npm run dev while a request waits for an endless statement",
  async (_name, signal, endless) => {
    await prepareEmbedded({ at: "request", endless });
    const dev = startDev();
    await startEndlessRequest(dev);
    await untilDatabaseIsBusy(dev);
    expect(await stopsInTime(dev, signal)).toBe(0);
    expect(dev.output()).toMatch(/^Stopping\. Ctrl-C once more ends at once\.$/m);
    expect((await readdir(dataDir)).sort()).toEqual(["auth-secret", "postgres", "storage"]);
  },
  120_000,
);

test("SIGTERM ends npm run dev while it starts and a statement of the start does not end", async () => {
  await prepareEmbedded({ at: "start", endless: computes });
  const dev = startDev();
  await dev.until(/^Neon HTTP endpoint/m);
  expect(await stopsInTime(dev, "SIGTERM")).toBe(0);
  expect((await readdir(dataDir)).sort()).toEqual(["auth-secret", "postgres"]);
}, 120_000);

test("a second Ctrl-C ends npm run dev at once, and the database opens again", async () => {
  await prepareEmbedded({ at: "request", endless: computes });
  const dev = startDev();
  await startEndlessRequest(dev);
  await untilDatabaseIsBusy(dev);
  const startedMs = performance.now();
  dev.child.kill("SIGINT");
  await dev.until(/^Stopping/m);
  const repeated = setInterval(() => dev.child.kill("SIGINT"), 100);
  expect(await dev.ended).toBe(130);
  clearInterval(repeated);
  expect(performance.now() - startedMs).toBeLessThan(2_000);

  const database = await startLocalDatabase({ dataDir, log: () => undefined });
  await database.stop();
}, 120_000);

const serverUrl = process.env.TEST_DATABASE_URL ?? "";

test.skipIf(serverUrl === "")(
  "no statement goes on in Postgres after npm run dev has stopped",
  async () => {
    const scratch = await createScratchDatabase(serverUrl, "endless");
    onTestFinished(scratch.stop);
    await stallInserts(scratch.connectionString, { at: "request", endless: sleeps });
    const client = new pg.Client({ connectionString: scratch.connectionString });
    await client.connect();
    const running = async () => {
      const { rows } = await client.query(
        "select count(*)::int as n from pg_stat_activity where query like 'insert into \"rooms\"%' and state = 'active'",
      );
      return rows[0].n;
    };
    const dev = startDev(scratch.connectionString);
    await startEndlessRequest(dev);
    await expect.poll(running, { timeout: 20_000 }).toBe(1);
    expect(await stopsInTime(dev, "SIGTERM")).toBe(0);
    await expect.poll(running).toBe(0);
    await client.end();
  },
  120_000,
);
