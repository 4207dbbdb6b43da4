import { parseConfig } from "../src/config.ts";
import { reservePort } from "./free-port.ts";
import { startLocalDatabase } from "./local-database.ts";
import { type Environment, localAuth, makeDataDir } from "./local-settings.ts";
import { applyMigrations } from "./migrate.ts";
import type { DialectName } from "./model-server/dialects.ts";
import { startNeonEndpoint } from "./neon-endpoint.ts";
import { startPeers } from "./peers.ts";
import { startSchedule } from "./schedule.ts";
import { seedDemo } from "./seed.ts";
import { whenAborted } from "./stop-signal.ts";
import type { WorkerProcess } from "./worker/process.ts";
import { boundByWrangler, settingsFrom } from "./worker-settings.ts";
import { startWorkers } from "./workers.ts";

const loopbackHost = "127.0.0.1";

/** The driver wants a well-formed URL; the real one, with its password, stays with the endpoint. */
const workerDatabaseUrl = "postgres://pantheon@localhost/pantheon";

/** Where Vite serves a page that is being written. A setting of its own takes their place. */
const viteOrigins = "http://localhost:5173,http://127.0.0.1:5173";

export type PlatformOptions = {
  /** Settings of the Worker, DATABASE_URL, PANTHEON_DATA_DIR. */
  env: Environment;
  /** 0 takes a free one. */
  port: number;
  /** Rebuild the Worker when a source file changes. */
  watch?: boolean;
  /** Whose form the answers of the demo models have. */
  dialect?: DialectName | undefined;
  /** One line for each thing that was started. */
  log: (line: string) => void;
  onWorkerLog?: (level: string, text: string) => void;
  /** Aborted while the platform starts, it ends the start. */
  signal?: AbortSignal;
};

export type Platform = {
  /** http://host:port, without a slash at the end */
  url: string;
  databaseUrl: string;
  modelServerUrl: string;
  worker: WorkerProcess;
  parser: WorkerProcess;
  stop(): Promise<void>;
};

/**
 * Database, Neon endpoint, migrations, demo data, models and the Worker: all of Pantheon on loopback.
 * Throws an Error that says in a line what is wrong, or the reason of `signal`; nothing is left running then.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const started: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (let end = started.pop(); end; end = started.pop()) await end();
  };
  try {
    const parts = startParts(options, (end) => started.push(end));
    return { ...(await unlessAborted(parts, options.signal)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  {
    env,
    port: wantedPort,
    watch = false,
    log,
    onWorkerLog = () => undefined,
    dialect,
    signal,
  }: PlatformOptions,
  onStop: (end: () => Promise<void>) => void,
): Promise<Omit<Platform, "stop">> {
  const auth = localAuth(env);
  const settings = {
    CORS_ALLOWED_ORIGINS: viteOrigins,
    ...settingsFrom(env),
    DATABASE_URL: workerDatabaseUrl,
    AUTH_ISSUER: auth.issuer,
    AUTH_AUDIENCE: auth.audience,
    ...(auth.secret === undefined ? {} : { AUTH_JWT_SECRET: auth.secret }),
  };
  // Before anything is started: what is wrong with the settings, and whether the port can be had.
  const config = parseConfig({
    ...boundByWrangler,
    NEON_HTTP_ENDPOINT: `http://${loopbackHost}/sql`,
    ...settings,
  });
  const port = await reservePort(wantedPort, loopbackHost);

  const dataDir = makeDataDir(env);
  const database = await startLocalDatabase({
    databaseUrl: env.DATABASE_URL || undefined,
    dataDir,
    log,
  });
  onStop(database.stop);
  const databaseUrl = database.connectionString;
  const endpoint = await startNeonEndpoint({
    connectionString: databaseUrl,
    maxConnections: database.embedded ? 1 : 20,
  });
  onStop(endpoint.stop);
  // Its path is a secret; what is printed is pasted elsewhere.
  log(`Neon HTTP endpoint on ${new URL(endpoint.url).host}`);
  if (env.NEON_HTTP_ENDPOINT) log("NEON_HTTP_ENDPOINT is not used: the local platform has its own");
  await applyMigrations(databaseUrl);
  await seedDemo(databaseUrl);
  log("Migrations applied, demo data in place");

  const peers = await startPeers(env, config, { dialect, log, onStop });
  const bindings = { ...settings, ...peers, NEON_HTTP_ENDPOINT: endpoint.url };
  log("Building the Worker and the file parser, and starting them in workerd");
  const {
    api: worker,
    parser,
    stop,
  } = await startWorkers({
    bindings,
    port,
    watch,
    dataDir,
    onLog: onWorkerLog,
    signal,
  });
  onStop(stop);
  const endSchedule = startSchedule(worker.url, log);
  onStop(async () => endSchedule());
  return { url: worker.url, databaseUrl, modelServerUrl: peers.LLM_BASE_URL, worker, parser };
}

/** Settles as `work` does, or rejects with the reason of `signal`: a statement of the start may never end. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return Promise.race([work, whenAborted(signal).then(() => Promise.reject(signal.reason))]);
}
