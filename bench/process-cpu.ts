import { readdirSync, readFileSync } from "node:fs";

/** CPU time that a process has used so far, in ms. Of threads that have ended meanwhile it does not know. */
export function processCpuMs(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, thread) => sum + threadCpuMs(`/proc/${pid}/task/${thread}`), 0);
  } catch {
    return undefined;
  }
}

/** The first figure of `schedstat`: nanoseconds on a processor. */
function threadCpuMs(path: string): number {
  return Number(readFileSync(`${path}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}

/** CPU time so far, in ms; undefined where there is no telling. */
export type Meter = () => number | undefined;

/** The CPU time of `work` by a meter, in ms; NaN where the meter has no figure. */
export async function cpuOf(meter: Meter, work: () => Promise<unknown>): Promise<number> {
  const before = meter();
  await work();
  const after = meter();
  return before === undefined || after === undefined ? Number.NaN : after - before;
}
