import { runWrangler } from "./run-wrangler.ts";

/** Bundles the Worker as a deployment does: `index.js` in `outDir`. Throws an Error that says why it cannot. */
export async function bundleWorker(outDir: string): Promise<void> {
  await runWrangler(["deploy", "--dry-run", "--outdir", outDir]);
}
