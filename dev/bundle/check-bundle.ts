import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../src/config.ts";
import { runCommand } from "../command.ts";
import { boundByWrangler } from "../worker-settings.ts";
import { maxKib, maxStartupMs, placeholderSecrets } from "./bars.ts";
import { type Binding, buildUpload } from "./build-upload.ts";
import { measureStartup } from "./measure-startup.ts";

const environments = ["staging", "production"];

// Bundles the Worker of each environment as a deployment does; fails when it lacks a setting, weighs too
// much or takes too long to start.
await runCommand(async () => {
  const dir = await mkdtemp(join(tmpdir(), "pantheon-bundle-"));
  try {
    for (const environment of environments) await checkEnvironment(environment, dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

async function checkEnvironment(environment: string, dir: string): Promise<void> {
  const { file, gzipBytes, bindings } = await buildUpload(
    environment,
    join(dir, environment),
    placeholderSecrets,
  );
  try {
    parseConfig(Object.fromEntries(bindings.map(bind)));
  } catch (error) {
    throw new Error(`${environment} of wrangler.toml: ${error instanceof Error ? error.message : error}`);
  }

  const kib = gzipBytes / 1024;
  const weight = `${environment}: ${kib.toFixed(1)} KiB gzipped, at most ${maxKib}`;
  if (!(kib > 0 && kib <= maxKib)) throw new Error(`The Worker is too heavy. ${weight}`);

  const profile = join(dir, `${environment}.cpuprofile`);
  const startups = await measureStartup(file, { profile, barMs: maxStartupMs });
  const startup = `starts in ${startups.join(", ")} ms, at most ${maxStartupMs}`;
  if (Math.min(...startups) > maxStartupMs) throw new Error(`${environment}: The Worker ${startup}`);
  console.log(`${weight}; ${startup}`);
}

/** A binding as the Worker is given it. */
function bind({ name, type, text }: Binding): [string, unknown] {
  return [name, type === "ratelimit" ? Object(boundByWrangler)[name] : text];
}
