import { runWrangler } from "./run-wrangler.ts";

const maxProfiles = 40;
/** A profiler that got little processor time has too few samples for a figure. */
const minSamples = 20;

/**
 * Milliseconds that a Worker's modules take to evaluate, by the samples of wrangler's CPU profile. Measured
 * until one is within the limit, forty times at most: other work on the machine only ever adds to a figure.
 */
export async function measureStartup(
  file: string,
  { profile, barMs }: { profile: string; barMs: number },
): Promise<number[]> {
  const figures: number[] = [];
  for (let taken = 0; taken < maxProfiles && !figures.some((ms) => ms <= barMs); taken += 1) {
    const output = await runWrangler(["check", "startup", "--worker-bundle", file, "--outfile", profile]);
    const [, activeMs, samples] = /Active: ([\d.]+) ms[\s\S]*Samples: (\d+)/.exec(output) ?? [];
    if (activeMs === undefined) throw new Error(`wrangler check startup prints no time:\n${output.trim()}`);
    if (Number(samples) >= minSamples) figures.push(Number(activeMs));
  }
  if (figures.length === 0) throw new Error("Start-up could not be measured: the machine is too busy.");
  return figures;
}
