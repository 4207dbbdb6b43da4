import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../src/config.ts";
import { runCommand } from "../command.ts";
import { boundByWrangler } from "../worker-settings.ts";
import { MAX_KIB, MAX_STARTUP_MS, STAND_IN_SECRETS } from "./bars.ts";
import { type Binding, buildUpload } from "./build-upload.ts";
import { measureStartup } from "./measure-startup.ts";

const ENVIRONMENTS = ["staging", "production"];

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
  const { file, gzipBytes, bindings } = await buildUpload(
    environment,
    join(dir, environment),
    STAND_IN_SECRETS,
  );
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
  return [name, type === "ratelimit" ? Object(boundByWrangler)[name] : text];
}
