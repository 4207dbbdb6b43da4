import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { applyMigrations } from "../../../../dev/migrate.ts";
import { startNeonEndpoint } from "../../../../dev/neon-endpoint.ts";
import { startTestDatabase } from "../../../support/node/test-database.ts";
import { type DatabaseGateway, startDatabaseGateway } from "./database-gateway.ts";
import { type FixturePeers, startFixturePeers } from "./peers.ts";
import { auth } from "./user.ts";
import { prepareWorkerd, startWorkerd, type Workerd, type WorkerdOptions } from "./workerd.ts";

/** What scenarios run on: a database, model and search servers with journals, and Workers that can be killed. */
export type Testbed = {
  sql: pg.Pool;
  /** False for the embedded database, in which no two transactions overlap. */
  trueConcurrency: boolean;
  gateway: DatabaseGateway;
  peers: FixturePeers;
  /** A Worker with settings of its own. End it with `kill`. */
  startWorker(settings?: Readonly<Record<string, string>>, options?: WorkerdOptions): Promise<Workerd>;
  /** A Worker with common settings. End it with `kill`, or give it back. */
  takeWorker(): Promise<Workerd>;
  giveBack(worker: Workerd): void;
  /** A number that no other fixture has. */
  nextFixtureId(): number;
  stop(): Promise<void>;
};

/** Fills an empty database up to the present schema. */
type PrepareDatabase = (connectionString: string) => Promise<unknown>;

/** Starts it on the server of TEST_DATABASE_URL, else on an embedded database. Takes seconds: it bundles. */
export async function startTestbed(prepareDatabase: PrepareDatabase = applyMigrations): Promise<Testbed> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (let end = ends.pop(); end; end = ends.pop()) await end();
  };
  try {
    return { ...(await startParts(prepareDatabase, (end) => ends.push(end))), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  prepareDatabase: PrepareDatabase,
  onStop: (end: () => Promise<unknown>) => void,
): Promise<Omit<Testbed, "stop">> {
  const database = await startTestDatabase();
  onStop(database.stop);
  const { connectionString, trueConcurrency } = database;
  await prepareDatabase(connectionString);
  const endpoint = await startNeonEndpoint({ connectionString, maxConnections: trueConcurrency ? 16 : 1 });
  onStop(endpoint.stop);
  const gateway = await startDatabaseGateway(endpoint.url);
  onStop(gateway.stop);
  const peers = await startFixturePeers();
  onStop(peers.models.stop);
  onStop(peers.search.stop);
  const sql = new pg.Pool({ connectionString, max: trueConcurrency ? 4 : 1 });
  sql.on("error", () => undefined);
  onStop(() => sql.end());

  const dir = await mkdtemp(join(tmpdir(), "pantheon-faults-"));
  onStop(() => rm(dir, { recursive: true, force: true }));
  const common = {
    DATABASE_URL: "postgres://pantheon@localhost/pantheon",
    NEON_HTTP_ENDPOINT: gateway.url,
    LLM_BASE_URL: `${peers.models.url}/v1`,
    LLM_API_KEY: "faults-key",
    TAVILY_BASE_URL: peers.search.url,
    TAVILY_API_KEY: "faults-key",
    AUTH_JWT_SECRET: auth.secret,
    AUTH_ISSUER: auth.issuer,
    AUTH_AUDIENCE: auth.audience,
    TURN_LEASE_MS: "30000",
    MODEL_CALL_TIMEOUT_MS: "60000",
    // A summary is due in the third turn already.
    CONTEXT_SUMMARY_EVERY_TURNS: "2",
    CONTEXT_KEEP_RAW_TURNS: "1",
    // Their defaults. A Worker gets no setting that is not named here.
    TURN_MAX_CREDITS: "20",
    TURN_TIMEOUT_MS: "300000",
  };
  await prepareWorkerd(dir, Object.keys(common));
  const running = new Set<Workerd>();
  onStop(() => Promise.all([...running].map((worker) => worker.kill())));
  let fixtures = 0;
  const startWorker: Testbed["startWorker"] = async (settings = {}, options) => {
    const started = await startWorkerd(dir, { ...common, ...settings }, options);
    running.add(started);
    const kill = async () => {
      running.delete(started);
      await started.kill();
    };
    return { ...started, kill };
  };
  const ready: Workerd[] = [];
  return {
    sql,
    trueConcurrency,
    gateway,
    peers,
    startWorker,
    nextFixtureId: () => ++fixtures,
    takeWorker: async () => ready.pop() ?? (await startWorker()),
    giveBack: (worker) => ready.push(worker),
  };
}
