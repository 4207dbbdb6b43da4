import { runWrangler } from "./run-wrangler.ts";

export type BundleOptions = {
  /** As `minify` in wrangler.toml says where it is left out. */
  minify?: boolean;
  /** The file with the Worker's configuration; left out: `wrangler.toml`. */
  config?: string;
};

/** Bundles the Worker as a deployment does: `index.js` in `outDir`. Throws an Error that says why it cannot. */
export async function bundleWorker(outDir: string, { minify, config }: BundleOptions = {}): Promise<void> {
  const options = minify === undefined ? [] : [`--minify=${minify}`];
  if (config !== undefined) options.push("--config", config);
  await runWrangler(["deploy", "--dry-run", "--outdir", outDir, ...options]);
}
