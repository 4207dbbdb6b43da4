import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { runCommand } from "./command.ts";
import { bundleWorker } from "./worker/bundle.ts";

/** What a deployment may weigh, gzipped; Cloudflare's own limit is 3 MiB on its free plan. */
const MAX_KIB = 700;

// Bundles the Worker as a deployment does, and fails when it weighs too much.
await runCommand(async () => {
  const outDir = await mkdtemp(join(tmpdir(), "pantheon-bundle-"));
  try {
    await bundleWorker(outDir);
    const { files, bytes } = await weigh(outDir);
    const kib = bytes / 1024;
    const figure = `The Worker's bundle is ${kib.toFixed(1)} KiB gzipped (${files} files, at most ${MAX_KIB} KiB).`;
    if (files === 0 || kib > MAX_KIB) throw new Error(figure);
    console.log(figure);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
});

/** All modules as one, as wrangler reckons; source maps and its own note are not part of a Worker's size. */
async function weigh(outDir: string): Promise<{ files: number; bytes: number }> {
  const entries = await readdir(outDir, { recursive: true, withFileTypes: true });
  const modules = entries.filter((entry) => entry.isFile() && !/\.map$|^README\.md$/.test(entry.name));
  const contents = await Promise.all(modules.map((entry) => readFile(join(entry.parentPath, entry.name))));
  return { files: modules.length, bytes: gzipSync(Buffer.concat(contents)).length };
}
