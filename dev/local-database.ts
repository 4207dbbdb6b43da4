import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import pg from "pg";
import { lockDataDir } from "./data-dir-lock.ts";
import { within } from "./loopback-server.ts";
import { withWholeExchanges } from "./whole-exchanges.ts";

const CONNECT_TIMEOUT_MS = 10_000;
const STOP_GRACE_MS = 2_000;
/** Connections to the embedded database; it serves them in turn, one transaction at a time. */
const EMBEDDED_CONNECTIONS = 50;

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
    await within(STOP_GRACE_MS, client.end());
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
  return new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
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
  try {
    const database = dataDir === undefined ? new PGlite() : new PGlite(join(dataDir, "postgres"));
    await database.waitReady;
    const server = new PGLiteSocketServer({
      db: withWholeExchanges(database),
      host: "127.0.0.1",
      port: 0,
      maxConnections: EMBEDDED_CONNECTIONS,
    });
    await server.start();
    log(`Embedded Postgres (PGlite) in ${dataDir === undefined ? "memory" : join(dataDir, "postgres")}`);
    return {
      connectionString: `postgres://postgres:postgres@${server.getServerConn()}/postgres`,
      embedded: true,
      async stop() {
        await within(STOP_GRACE_MS, server.stop());
        await database.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw new Error(`The embedded Postgres did not start (${reasonOf(error)}).`);
  }
}
