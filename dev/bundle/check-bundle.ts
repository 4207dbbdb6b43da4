import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../src/config.ts";
import { runCommand } from "../command.ts";
import { boundByWrangler } from "../worker-settings.ts";
import { type Binding, buildUpload } from "./build-upload.ts";
import { measureStartup } from "./measure-startup.ts";

/** What a deployment may weigh, gzipped; Cloudflare's own limit is 3 MiB on its free plan. */
const MAX_KIB = 700;
/** How long it may take to start; Cloudflare's own limit is 1 s. */
const MAX_STARTUP_MS = 150;

const ENVIRONMENTS = ["staging", "production"];

/** Of the form that a deployment's own have: a Worker without them would not start, and nothing be measured. */
const SECRETS = {
  DATABASE_URL: "postgres://user:password@ep-example.us-east-1.aws.neon.tech/pantheon",
  LLM_API_KEY: "no-key",
  AUTH_JWT_SECRET: "no-secret-no-secret-no-secret-no-secret",
  AUTH_ISSUER: "https://issuer.example",
};

// Bundles the Worker of each environment as a deployment does; fails when it lacks a setting, weighs too
// much or takes too long to start.
await runCommand(async () => {
  const dir = await mkdtemp(join(tmpdir(), "pantheon-bundle-"));
  try {
    for (const environment of ENVIRONMENTS) await checkEnvironment(environment, dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

async function checkEnvironment(environment: string, dir: string): Promise<void> {
  const { file, gzipBytes, bindings } = await buildUpload(environment, join(dir, environment), SECRETS);
  try {
    parseConfig(Object.fromEntries(bindings.map(bind)));
  } catch (error) {
    throw new Error(`${environment} of wrangler.toml: ${error instanceof Error ? error.message : error}`);
  }

  const kib = gzipBytes / 1024;
  const weight = `${environment}: ${kib.toFixed(1)} KiB gzipped, at most ${MAX_KIB}`;
  if (!(kib > 0 && kib <= MAX_KIB)) throw new Error(`The Worker is too heavy. ${weight}`);

  const profile = join(dir, `${environment}.cpuprofile`);
  const startups = await measureStartup(file, { profile, barMs: MAX_STARTUP_MS });
  const startup = `starts in ${startups.join(", ")} ms, at most ${MAX_STARTUP_MS}`;
  if (Math.min(...startups) > MAX_STARTUP_MS) throw new Error(`${environment}: The Worker ${startup}`);
  console.log(`${weight}; ${startup}`);
}

/** A binding as the Worker is given it. */
function bind({ name, type, text }: Binding): [string, unknown] {
  return [name, type === "ratelimit" ? boundByWrangler.TURN_LIMITER : text];
}
