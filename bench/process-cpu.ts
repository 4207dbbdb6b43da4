import { readdirSync, readFileSync } from "node:fs";

/** Of /proc, on every Linux there is. */
const ticksPerSecond = 100;

type Process = { pid: number; name: string; group: number; cpuMs: number };

/** CPU time that a group's workerd has used so far (threads included), in ms; undefined where /proc cannot tell. */
export function workerdCpuMs(groupId: number): number | undefined {
  const workerds = readProcesses().filter(({ name, group }) => name === "workerd" && group === groupId);
  return workerds.length === 0 ? undefined : workerds.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

export function processCpuMs(pid: number): number | undefined {
  return readProcess(pid)?.cpuMs;
}

function readProcesses(): Process[] {
  try {
    return readdirSync("/proc").flatMap((name) =>
      /^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : [],
    );
  } catch {
    return [];
  }
}

function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = stat.lastIndexOf(")");
    const name = stat.slice(stat.indexOf("(") + 1, end);
    const fields = stat.slice(end + 2).split(" ");
    const [group, user, system] = [2, 11, 12].map((place) => Number(fields[place]));
    return { pid, name, group: group ?? 0, cpuMs: (((user ?? 0) + (system ?? 0)) / ticksPerSecond) * 1_000 };
  } catch {
    return undefined;
  }
}

/** What `work` cost by a meter of CPU time, in ms per unit of `units`; NaN where there is no meter. */
export async function cpuPer(
  units: number,
  meter: () => number | undefined,
  work: () => Promise<void>,
): Promise<number> {
  const before = meter();
  await work();
  const after = meter();
  return before === undefined || after === undefined ? Number.NaN : (after - before) / units;
}
