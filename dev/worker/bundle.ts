import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js");

/** Without its banner wrangler does not ask the registry for a newer version: nothing here needs the network. */
const QUIET = {
  WRANGLER_HIDE_BANNER: "true",
  XDG_CONFIG_HOME: join(ROOT, ".wrangler/config"),
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_WRITE_LOGS: "false",
};

/** Bundles the Worker as a deployment does: `index.js` in `outDir`. Throws an Error that says why it cannot. */
export function bundleWorker(outDir: string): Promise<void> {
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
