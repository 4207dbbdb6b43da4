import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { runCommand } from "./command.ts";

/** What a deployment may weigh, gzipped; Cloudflare's own limit is 3 MiB on its free plan. */
const MAX_KIB = 700;

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
/** Without its banner wrangler does not ask the registry for a newer version: nothing here needs the network. */
const QUIET = {
  WRANGLER_HIDE_BANNER: "true",
  XDG_CONFIG_HOME: join(ROOT, ".wrangler/config"),
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_WRITE_LOGS: "false",
};

// Bundles the Worker as a deployment does, and fails when it weighs too much.
await runCommand(async () => {
  const outDir = await mkdtemp(join(tmpdir(), "pantheon-bundle-"));
  try {
    await bundleInto(outDir);
    const { files, bytes } = await weigh(outDir);
    const kib = bytes / 1024;
    const figure = `The Worker's bundle is ${kib.toFixed(1)} KiB gzipped (${files} files, at most ${MAX_KIB} KiB).`;
    if (files === 0 || kib > MAX_KIB) throw new Error(figure);
    console.log(figure);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
});

function bundleInto(outDir: string): Promise<void> {
  const child = spawn(process.execPath, [WRANGLER, "deploy", "--dry-run", "--outdir", outDir], {
    cwd: ROOT,
    env: { ...process.env, ...QUIET },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`The Worker does not bundle:\n${output.trim()}`));
    });
  });
}

/** All modules as one, as wrangler reckons; source maps and its own note are not part of a Worker's size. */
async function weigh(outDir: string): Promise<{ files: number; bytes: number }> {
  const entries = await readdir(outDir, { recursive: true, withFileTypes: true });
  const modules = entries.filter((entry) => entry.isFile() && !/\.map$|^README\.md$/.test(entry.name));
  const contents = await Promise.all(modules.map((entry) => readFile(join(entry.parentPath, entry.name))));
  return { files: modules.length, bytes: gzipSync(Buffer.concat(contents)).length };
}
