import { runWrangler } from "./run-wrangler.ts";

/**
 * Milliseconds that a Worker's modules take to evaluate, by the samples of wrangler's CPU profile. Measured
 * until one is within the bar, ten times at most: other work on the machine only ever adds to a figure.
 */
export async function measureStartup(
  file: string,
  { profile, barMs }: { profile: string; barMs: number },
): Promise<number[]> {
  const figures: number[] = [];
  while (figures.length < 10 && !figures.some((activeMs) => activeMs <= barMs)) {
    const output = await runWrangler(["check", "startup", "--worker-bundle", file, "--outfile", profile]);
    const activeMs = Number(/Active: ([\d.]+) ms/.exec(output)?.[1]);
    if (!(activeMs > 0)) throw new Error(`wrangler check startup tells no active time:\n${output.trim()}`);
    figures.push(activeMs);
  }
  return figures;
}
