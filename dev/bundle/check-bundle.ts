import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseParserConfig } from "../../src/config/parser-config.ts";
import { parseConfig } from "../../src/config.ts";
import { runCommand } from "../command.ts";
import { boundByWrangler } from "../worker-settings.ts";
import { type Binding, buildUpload, writeProfiledUpload } from "./build-upload.ts";
import { maxKib, maxParserKib, maxParserStartupMs, maxStartupMs, placeholderSecrets } from "./limits.ts";
import { measureStartup } from "./measure-startup.ts";

const environments = ["staging", "production"];

/** Types of bindings that are objects of the platform, not texts. */
const boundTypes = new Set(["ratelimit", "r2_bucket", "queue", "durable_object_namespace", "assets"]);

type WorkerCheck = {
  /** The Worker's configuration file. */
  config: string;
  secrets: Readonly<Record<string, string>>;
  /** Throws an Error that names a setting that is missing or bad. */
  parseBindings(bindings: Readonly<Record<string, unknown>>): unknown;
  maxKib: number;
  maxStartupMs: number;
};

const workers: readonly WorkerCheck[] = [
  {
    config: "wrangler.toml",
    secrets: placeholderSecrets,
    parseBindings: requireSessionObjects,
    maxKib,
    maxStartupMs,
  },
  {
    config: "wrangler.parse.toml",
    secrets: { DATABASE_URL: placeholderSecrets.DATABASE_URL },
    parseBindings: parseParserConfig,
    maxKib: maxParserKib,
    maxStartupMs: maxParserStartupMs,
  },
];

// Bundles both Workers for each environment as a deployment does; fails when one lacks a setting, weighs too
// much or takes too long to start.
await runCommand(async () => {
  const dir = await mkdtemp(join(tmpdir(), "pantheon-bundle-"));
  try {
    for (const worker of workers) {
      for (const environment of environments) await checkEnvironment(worker, environment, dir);
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

async function checkEnvironment(worker: WorkerCheck, environment: string, dir: string): Promise<void> {
  const { config, secrets } = worker;
  const name = `${environment} of ${config}`;
  const upload = await buildUpload(environment, join(dir, name), secrets, config);
  const { gzipBytes, bindings } = upload;
  try {
    worker.parseBindings(Object.fromEntries(bindings.map(bind)));
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`);
  }

  const kib = gzipBytes / 1024;
  const weight = `${name}: ${kib.toFixed(1)} KiB gzipped, at most ${worker.maxKib}`;
  if (!(kib > 0 && kib <= worker.maxKib)) throw new Error(`The Worker is too heavy. ${weight}`);

  const profile = join(dir, `${name}.cpuprofile`);
  const profiled = join(dir, `${name}, without Durable Objects`);
  await writeProfiledUpload(upload, profiled);
  const startups = await measureStartup(profiled, { profile, barMs: worker.maxStartupMs });
  const startup = `starts in ${startups.join(", ")} ms, at most ${worker.maxStartupMs}`;
  if (Math.min(...startups) > worker.maxStartupMs) throw new Error(`${name}: The Worker ${startup}`);
  console.log(`${weight}; ${startup}`);
}

/** The Worker itself starts without the objects, since its start-up is profiled without them. */
function requireSessionObjects(bindings: Readonly<Record<string, unknown>>): void {
  if (parseConfig(bindings).sessionObjects === undefined) {
    throw new Error("LIVE_SESSIONS: the environment binds no Durable Object");
  }
}

/** A binding as the Worker is given it: an object of the platform, or a text. */
function bind({ name, type, text }: Binding): [string, unknown] {
  return [name, boundTypes.has(type) ? Object(boundByWrangler)[name] : text];
}
