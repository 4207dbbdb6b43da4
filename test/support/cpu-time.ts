type CpuUsage = { user: number; system: number };

/** Of Node, in which the tests of pure functions run. */
declare const process: { cpuUsage(since?: CpuUsage): CpuUsage };

/** The CPU time of some work, ms. Unlike the time that passes, it does not depend on what else runs on the machine. */
export function measureCpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
