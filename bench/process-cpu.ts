import { readdirSync, readFileSync } from "node:fs";

/** CPU time that the workerd of a process group has used so far, in ms; undefined where /proc has no figure. */
export function workerdCpuMs(groupId: number): number | undefined {
  const workerds = readProcessIds().filter((pid) => isWorkerdOf(pid, groupId));
  return workerds.length === 0 ? undefined : workerds.reduce((sum, pid) => sum + (processCpuMs(pid) ?? 0), 0);
}

/** The same for a process. Of threads that have ended meanwhile it does not know. */
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

function readProcessIds(): number[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
  } catch {
    return [];
  }
}

function isWorkerdOf(pid: number, groupId: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = stat.lastIndexOf(")");
    const name = stat.slice(stat.indexOf("(") + 1, end);
    const [, , group] = stat.slice(end + 2).split(" ");
    return name === "workerd" && Number(group) === groupId;
  } catch {
    return false;
  }
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
