import { runWrangler } from "./run-wrangler.ts";

export type BundleOptions = {
  /** As `minify` in wrangler.toml says where it is left out. */
  minify?: boolean;
};

/** Bundles the Worker as a deployment does: `index.js` in `outDir`. Throws an Error that says why it cannot. */
export async function bundleWorker(outDir: string, { minify }: BundleOptions = {}): Promise<void> {
  const options = minify === undefined ? [] : [`--minify=${minify}`];
  await runWrangler(["deploy", "--dry-run", "--outdir", outDir, ...options]);
}
