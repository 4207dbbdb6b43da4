import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startLocalDatabase } from "../dev/local-database.ts";
import { applyMigrations } from "../dev/migrate.ts";
import { mintToken } from "../dev/mint-token.ts";
import { createScratchDatabase } from "../dev/scratch-database.ts";
import { prepareWorkerd, startWorkerd, type Workerd } from "../test/system/faults/testbed/workerd.ts";
import type { DatabaseQuestions } from "./peers/database.ts";
import type { ModelQuestions } from "./peers/models.ts";
import { type Peer, startPeer } from "./peers/peer.ts";
import { roles } from "./roster.ts";

const floorConfigFile = fileURLToPath(new URL("./floor/wrangler.toml", import.meta.url));
const benchUserId = "bench";

/** A Worker in a workerd of its own. */
export type BenchWorker = Pick<Workerd, "url" | "callScheduled"> & { processId: number };

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
  pantheon: BenchWorker;
  floor: BenchWorker;
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

/**
 * A Worker as it is deployed, in a workerd and nothing else: `wrangler dev` would run workers of its own around it, which take
 * CPU time in the same process. `config`: the file with its configuration; left out: Pantheon's.
 */
export async function startWorker(settings: Record<string, string>, config?: string) {
  const dir = await mkdtemp(join(tmpdir(), "pantheon-bench-"));
  const removeDir = () => rm(dir, { recursive: true, force: true });
  try {
    await prepareWorkerd(dir, Object.keys(settings), config === undefined ? {} : { config });
    const { url, pid, kill, callScheduled } = await startWorkerd(dir, settings);
    return { url, processId: pid, callScheduled, stop: () => kill().then(removeDir) };
  } catch (error) {
    await removeDir();
    throw error;
  }
}
