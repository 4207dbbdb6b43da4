import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { reservePort } from "../dev/free-port.ts";
import { startLocalDatabase } from "../dev/local-database.ts";
import { applyMigrations } from "../dev/migrate.ts";
import { mintToken } from "../dev/mint-token.ts";
import { createScratchDatabase } from "../dev/scratch-database.ts";
import { startWorkerProcess, type WorkerProcess } from "../dev/worker/process.ts";
import type { DatabaseQuestions } from "./peers/database.ts";
import type { ModelQuestions } from "./peers/models.ts";
import { type Peer, startPeer } from "./peers/peer.ts";
import { roles } from "./roster.ts";

const loopbackHost = "127.0.0.1";
const floorConfigFile = fileURLToPath(new URL("./floor/wrangler.toml", import.meta.url));
const benchUserId = "bench";

/** What is measured, and the servers it needs; one of each, on loopback. */
export type Bench = {
  /** True for the embedded database: its WAL and concurrency say little. */
  isEmbedded: boolean;
  connectionString: string;
  userId: string;
  token: string;
  /** Another user: one has at most 100 rooms. */
  asUser(userId: string): Promise<{ userId: string; token: string }>;
  /** Pantheon's, by their names. */
  settings: Readonly<Record<string, string>>;
  pantheon: WorkerProcess;
  floor: WorkerProcess;
  baseline: Peer<Record<never, never>>;
  models: Peer<ModelQuestions>;
  database: Peer<DatabaseQuestions>;
  stop(): Promise<void>;
};

/** Starts the database, its Neon endpoint, the models, Pantheon, the floor and the baseline. */
export async function startBench(serverUrl: string | undefined, log: (line: string) => void): Promise<Bench> {
  const ends: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (let end = ends.pop(); end; end = ends.pop()) await end();
  };
  const keep = <T extends { stop(): Promise<void> }>(part: T): T => {
    ends.push(part.stop);
    return part;
  };
  try {
    return { ...(await startParts(serverUrl, log, keep)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Keep = <T extends { stop(): Promise<void> }>(part: T) => T;

async function startParts(serverUrl: string | undefined, log: (line: string) => void, keep: Keep) {
  const isEmbedded = serverUrl === undefined;
  const { connectionString } = keep(
    isEmbedded ? await startLocalDatabase({ log }) : await createScratchDatabase(serverUrl, "bench"),
  );
  await applyMigrations(connectionString);
  const database = keep(await startEndpoint(connectionString, isEmbedded ? 1 : 20));
  const models = keep(
    await startPeer<ModelQuestions>(new URL("./peers/models.ts", import.meta.url), undefined),
  );
  const llmBaseUrl = `${models.url}/v1`;
  log("Database, Neon endpoint and models are up; building the two Workers");
  const auth = { secret: randomBytes(32).toString("hex"), issuer: "bench", audience: "pantheon" };
  const peers = {
    DATABASE_URL: "postgres://pantheon@localhost/pantheon",
    NEON_HTTP_ENDPOINT: database.url,
    LLM_BASE_URL: llmBaseUrl,
    LLM_API_KEY: "local",
  };
  const settings = {
    ...peers,
    AUTH_JWT_SECRET: auth.secret,
    AUTH_ISSUER: auth.issuer,
    AUTH_AUDIENCE: auth.audience,
  };
  const pantheon = keep(await startWorker(settings));
  const floor = keep(await startWorker(peers, floorConfigFile));
  const baseline = keep(
    await startPeer<Record<never, never>>(new URL("./baseline/server.ts", import.meta.url), {
      connectionString,
      llmBaseUrl,
      roles,
    }),
  );
  const asUser = async (userId: string) => ({ userId, token: await mintToken(auth, { sub: userId }) });
  return {
    isEmbedded,
    connectionString,
    ...(await asUser(benchUserId)),
    asUser,
    settings,
    pantheon,
    floor,
    baseline,
    models,
    database,
  };
}

/** The Neon endpoint of a database, in a process of its own. */
export function startEndpoint(
  connectionString: string,
  maxConnections: number,
): Promise<Peer<DatabaseQuestions>> {
  return startPeer<DatabaseQuestions>(new URL("./peers/database.ts", import.meta.url), {
    connectionString,
    maxConnections,
  });
}

export async function startWorker(bindings: Record<string, string>, config?: string): Promise<WorkerProcess> {
  const port = await reservePort(0, loopbackHost);
  const server = { host: loopbackHost, port, watch: false, ...(config === undefined ? {} : { config }) };
  return startWorkerProcess({ bindings, ...server }, () => undefined);
}
