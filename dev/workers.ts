import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { reservePort } from "./free-port.ts";
import { startWorkerProcess, type WorkerProcess } from "./worker/process.ts";

const loopbackHost = "127.0.0.1";
const parserConfigFile = fileURLToPath(new URL("../wrangler.parse.toml", import.meta.url));
/** What the parser's Worker is set with, of all settings. */
const parserSettings = ["DATABASE_URL", "NEON_HTTP_ENDPOINT", "LOG_LEVEL"];

export type Workers = {
  api: WorkerProcess;
  /** The parser of files. It is a process of its own: what a document costs is not the API Worker's. */
  parser: WorkerProcess;
  stop(): Promise<void>;
};

export type WorkersOptions = {
  bindings: Readonly<Record<string, string>>;
  /** The API Worker's. Must be free; not 0. */
  port: number;
  /** Rebuild a Worker when one of its source files changes. */
  watch: boolean;
  /** The bytes of files are kept in `storage` in it. */
  dataDir: string;
  onLog: (level: string, text: string) => void;
  signal: AbortSignal | undefined;
};

/**
 * Starts the API Worker and the parser, with the bucket and the queue that they share. Throws an Error that says why
 * one does not build or start; nothing is left running then.
 */
export async function startWorkers({
  bindings,
  port,
  watch,
  dataDir,
  onLog,
  signal,
}: WorkersOptions): Promise<Workers> {
  const registryDir = await mkdtemp(join(tmpdir(), "pantheon-workers-"));
  const shared = { host: loopbackHost, watch, storageDir: join(dataDir, "storage"), registryDir };
  const failed = new AbortController();
  const startSignal = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const starts = [
    startWorkerProcess({ ...shared, bindings, port }, onLog, startSignal),
    startWorkerProcess(
      {
        ...shared,
        bindings: pickSettings(bindings, parserSettings),
        config: parserConfigFile,
        port: await reservePort(0, loopbackHost),
      },
      onLog,
      startSignal,
    ),
  ] as const;
  const stop = async () => {
    await Promise.allSettled(starts.map(async (start) => (await start).stop()));
    await rm(registryDir, { recursive: true, force: true });
  };
  try {
    const [api, parser] = await Promise.all(starts);
    return { api, parser, stop };
  } catch (error) {
    failed.abort();
    await stop();
    throw error;
  }
}

function pickSettings(bindings: Readonly<Record<string, string>>, names: readonly string[]) {
  return Object.fromEntries(Object.entries(bindings).filter(([name]) => names.includes(name)));
}
