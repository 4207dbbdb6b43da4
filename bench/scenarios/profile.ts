import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CpuProfile, connectInspector } from "../../test/system/faults/testbed/inspector.ts";
import { prepareWorkerd, startWorkerd, type Workerd } from "../../test/system/faults/testbed/workerd.ts";
import { createRoom, question, type Room } from "../pantheon-room.ts";
import { cpuOf, processCpuMs } from "../process-cpu.ts";
import { drawFlameGraph } from "../profile/flame-graph.ts";
import { readModules } from "../profile/parts.ts";
import { type Frame, sumOwnMs, weighProfile } from "../profile/weigh.ts";
import { plainFigure, type Row, withUnit } from "../report/row.ts";
import type { Bench } from "../setup.ts";

const agents = 3;
const turnsPerSession = 8;
const warmUpSessions = 5;
const sessions = 20;
const turns = sessions * turnsPerSession;
const intervalUs = 200;
const shownFunctions = 12;

const fileOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const profileFile = fileOf("profile.cpuprofile");
const graphFile = fileOf("profile.svg");

/** CPU time of a turn by part of the system, sampled in a workerd that has the Worker unminified. */
export async function measureProfile(bench: Bench, log: (line: string) => void): Promise<Row[]> {
  log("CPU time by part of the system: bundling the Worker without minifying it");
  const dir = await mkdtemp(join(tmpdir(), "pantheon-profile-"));
  try {
    await prepareWorkerd(dir, Object.keys(bench.settings), { minify: false });
    const modules = readModules(await readFile(join(dir, "index.js"), "utf8"));
    const worker = await startWorkerd(dir, bench.settings, { hasInspector: true });
    try {
      log(`Profiling ${turns} turns of ${agents} agents`);
      const { profile, cpuMs } = await profileTurns(bench, worker);
      const root = weighProfile(profile, modules, intervalUs);
      await writeFile(profileFile, JSON.stringify(profile));
      await writeFile(graphFile, drawFlameGraph(root, `${turns} turns of ${agents} agents in sequence`));
      log(`Written: ${graphFile}, and for developer tools ${profileFile}`);
      return [...partRows(root, cpuMs), ...functionRows(root)];
    } finally {
      await worker.kill();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function profileTurns(bench: Bench, worker: Workerd): Promise<{ profile: CpuProfile; cpuMs: number }> {
  const profiled = { ...bench, pantheon: { ...worker, processId: worker.pid } };
  const openRooms = async (count: number) => {
    const rooms: Room[] = [];
    while (rooms.length < count) rooms.push(await createRoom(profiled, agents, "roundtable"));
    return rooms;
  };
  const post = async (rooms: readonly Room[]) => {
    for (const room of rooms) for (let n = 0; n < turnsPerSession; n += 1) await room.post(question);
  };
  await post(await openRooms(warmUpSessions));
  const rooms = await openRooms(sessions);
  const inspector = await connectInspector(worker);
  let cpuMs = Number.NaN;
  const profile = await inspector.profile(intervalUs, async () => {
    cpuMs = await cpuOf(
      () => processCpuMs(worker.pid),
      () => post(rooms),
    );
  });
  inspector.close();
  return { profile, cpuMs };
}

function partRows(root: Frame, cpuMs: number): Row[] {
  const remark = `of ${withUnit(cpuMs / turns, "ms")} that the process used, sampling included`;
  return [
    plainFigure("CPU time of a turn by the profile", perTurn(root.totalMs), remark, { cpuMs, turns }),
    ...sumOwnMs(root, ({ part }) => part).map(([part, ms]) =>
      plainFigure(`… ${part}`, perTurn(ms), shareOf(ms, root), ms),
    ),
  ];
}

function functionRows(root: Frame): Row[] {
  const functions = sumOwnMs(root, ({ name }) => name).slice(0, shownFunctions);
  return functions.map(([name, ms]) =>
    plainFigure(`own time of \`${name}\``, perTurn(ms), shareOf(ms, root), ms),
  );
}

function perTurn(ms: number): string {
  return `${(ms / turns).toFixed(2)} ms`;
}

function shareOf(ms: number, { totalMs }: Frame): string {
  return `${((100 * ms) / totalMs).toFixed(0)} %`;
}
