import { mkdirSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { lockDataDir } from "./data-dir-lock.ts";
import { startEmbeddedThread } from "./embedded/thread.ts";
import { within } from "./loopback-server.ts";

const connectTimeoutMs = 10_000;
const stopGraceMs = 2_000;

export type LocalDatabase = {
  connectionString: string;
  /** True for PGlite: one session behind every connection, so no two transactions ever overlap. */
  embedded: boolean;
  stop(): Promise<void>;
};

/**
 * The Postgres that `databaseUrl` names, once it has answered, or an embedded one: kept under
 * `dataDir`/postgres, in memory without a `dataDir`. Throws an Error with one line, never a password.
 */
export async function startLocalDatabase({
  databaseUrl,
  dataDir,
  log,
}: {
  databaseUrl?: string | undefined;
  dataDir?: string | undefined;
  log: (line: string) => void;
}): Promise<LocalDatabase> {
  if (databaseUrl === undefined) return startEmbedded(dataDir, log);
  const where = await checkDatabase(databaseUrl);
  log(`Postgres at ${where}`);
  return { connectionString: databaseUrl, embedded: false, stop: async () => undefined };
}

/** Asks the database once; gives `host:port/name`. Throws an Error with one line, never a password. */
export async function checkDatabase(databaseUrl: string): Promise<string> {
  const client = clientFor(databaseUrl);
  const where = `${client.host}:${client.port}/${client.database ?? ""}`;
  try {
    await client.connect();
    await client.query("select 1");
  } catch (error) {
    throw new Error(`DATABASE_URL: no answer from Postgres at ${where} (${reasonOf(error)}).`);
  } finally {
    await within(stopGraceMs, client.end());
  }
  return where;
}

function clientFor(databaseUrl: string): pg.Client {
  // The parser's own message would repeat the URL, password and all. A password with an unescaped `#`
  // or `/` is taken for a host or a port, and they are printed; then the user name is missing.
  const url = URL.canParse(databaseUrl) ? new URL(databaseUrl) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || url.username === "" || url.pathname.length < 2) {
    throw new Error("DATABASE_URL must look like postgres://user:password@host:5432/database.");
  }
  return new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: connectTimeoutMs });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown failure";
  return "code" in error && error.code === "ECONNREFUSED" ? "connection refused" : error.message;
}

async function startEmbedded(
  dataDir: string | undefined,
  log: (line: string) => void,
): Promise<LocalDatabase> {
  const unlock = dataDir === undefined ? () => undefined : lockDataDir(dataDir);
  const postgresDir = dataDir === undefined ? undefined : join(dataDir, "postgres");
  if (postgresDir !== undefined) mkdirSync(postgresDir, { recursive: true, mode: 0o700 });
  try {
    const embedded = await startEmbeddedThread(postgresDir);
    log(`Embedded Postgres (PGlite) in ${postgresDir ?? "memory"}`);
    return {
      connectionString: `postgres://postgres:postgres@${embedded.address}/postgres`,
      embedded: true,
      async stop() {
        await embedded.stop();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw new Error(`The embedded Postgres did not start (${reasonOf(error)}).`);
  }
}
