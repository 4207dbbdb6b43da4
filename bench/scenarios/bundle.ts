import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildUpload } from "../../dev/bundle/build-upload.ts";
import { maxStartupMs, placeholderSecrets } from "../../dev/bundle/limits.ts";
import { measureStartup } from "../../dev/bundle/measure-startup.ts";
import { spreadOf } from "../figures.ts";
import { atMost, formatSpread, type Row } from "../report/row.ts";

const rounds = 5;
/** Less than what `npm run check:bundle` refuses. */
const wantedKib = 540;
const wantedStartupMs = 80;

/** What `wrangler deploy` would upload for production: its weight, and how long its modules take to start. */
export async function measureBundle(log: (line: string) => void): Promise<Row[]> {
  log("Weight and start-up of the bundle");
  const dir = await mkdtemp(join(tmpdir(), "pantheon-bench-"));
  try {
    const { file, gzipBytes } = await buildUpload("production", join(dir, "upload"), placeholderSecrets);
    const options = { profile: join(dir, "startup.cpuprofile"), barMs: maxStartupMs };
    const figures: number[] = [];
    for (let round = 0; round < rounds; round += 1) figures.push(...(await measureStartup(file, options)));
    const startup = spreadOf(figures);
    return [
      atMost({ measure: "Worker bundle, gzip", value: gzipBytes / 1_024, unit: "KiB", limit: wantedKib }),
      atMost({
        measure: "start-up: active CPU of module evaluation",
        value: startup.median,
        unit: "ms",
        limit: wantedStartupMs,
        spread: formatSpread(startup, "ms"),
        values: figures,
      }),
    ];
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
