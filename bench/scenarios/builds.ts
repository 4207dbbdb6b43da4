import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { prepareWorkerd, startWorkerd, type Workerd } from "../../test/system/faults/testbed/workerd.ts";
import { interleave, spreadOf } from "../figures.ts";
import { createRoom, question } from "../pantheon-room.ts";
import { cpuOf, processCpuMs } from "../process-cpu.ts";
import { formatSpread, plainFigure, type Row, withUnit } from "../report/row.ts";
import type { Bench } from "../setup.ts";

const rounds = 16;
const warmUps = 6;
const turnsPerSession = 8;
/** Each start of a process compiles and places its code anew, so that two of the same build differ by 5 %. */
const starts = 4;

/**
 * CPU time of a turn of this working tree, and of another one, in alternation: what a change of the code saves. `against` is
 * the directory of the other, with its packages installed.
 */
export async function compareBuilds(
  bench: Bench,
  against: string | undefined,
  log: (line: string) => void,
): Promise<Row[]> {
  if (!against) throw new Error("BENCH_AGAINST: the directory of the working tree to compare with.");
  const dir = await mkdtemp(join(tmpdir(), "pantheon-builds-"));
  try {
    log(`Building this tree and ${against}`);
    const names = Object.keys(bench.settings);
    const dirs = { own: join(dir, "own"), other: join(dir, "other") };
    await prepareWorkerd(dirs.own, names);
    const testbed = pathToFileURL(resolve(against, "test/system/faults/testbed/workerd.ts")).href;
    const other: { prepareWorkerd: typeof prepareWorkerd } = await import(testbed);
    await other.prepareWorkerd(dirs.other, names);
    const figures = { own: [] as number[], other: [] as number[] };
    for (let start = 1; start <= starts; start += 1) {
      log(`${start} of ${starts} starts: ${rounds} sessions of ${turnsPerSession} turns each`);
      const times = await measureStart(bench, dirs, start);
      figures.own.push(spreadOf(times.own).median);
      figures.other.push(spreadOf(times.other).median);
    }
    return toRows(figures);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function measureStart(bench: Bench, dirs: Record<"own" | "other", string>, start: number) {
  const own = await startWorkerd(dirs.own, bench.settings);
  const other = await startWorkerd(dirs.other, bench.settings);
  try {
    const measures = {
      own: () => measureSession(bench, own, `own-${start}`),
      other: () => measureSession(bench, other, `other-${start}`),
    };
    await interleave(warmUps, measures);
    return await interleave(rounds, measures);
  } finally {
    await own.kill();
    await other.kill();
  }
}

/** CPU time of a turn of a new session, ms. */
async function measureSession(bench: Bench, worker: Workerd, userId: string): Promise<number> {
  const user = await bench.asUser(userId);
  const pantheon = { ...worker, processId: worker.pid };
  const room = await createRoom({ ...bench, ...user, pantheon }, 3, "roundtable");
  const cpuMs = await cpuOf(
    () => processCpuMs(worker.pid),
    async () => {
      for (let n = 0; n < turnsPerSession; n += 1) await room.post(question);
    },
  );
  return cpuMs / turnsPerSession;
}

function toRows({ own, other }: Record<"own" | "other", number[]>): Row[] {
  const [here, there] = [spreadOf(own), spreadOf(other)];
  const ratios = spreadOf(own.map((ms, start) => ms / (other[start] ?? Number.NaN)));
  return [
    plainFigure(
      "CPU time per turn of 3 agents: this tree",
      withUnit(here.median, "ms"),
      formatSpread(here, "ms"),
      own,
    ),
    plainFigure(
      "the other tree",
      withUnit(there.median, "ms"),
      `${formatSpread(there, "ms")}; this one takes ${ratios.median.toFixed(2)} × (${ratios.min.toFixed(2)} to ${ratios.max.toFixed(2)})`,
      other,
    ),
  ];
}
