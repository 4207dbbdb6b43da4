import { openBaselineThread } from "../baseline-turns.ts";
import { interleave, spreadOf } from "../figures.ts";
import type { PostFloorTurn } from "../floor-turns.ts";
import { createRoom, question, type Room } from "../pantheon-room.ts";
import { cpuOf, type Meter, processCpuMs } from "../process-cpu.ts";
import { atMost, formatSpread, plainFigure, type Row, withUnit } from "../report/row.ts";
import type { Bench } from "../setup.ts";

const rounds = 80;
/** A new session is used after this many turns. */
const turnsPerSession = 8;
const warmUps = 24;

/**
 * CPU time of the process that runs the turn, turn by turn. Other load on the machine affects it less than the clock.
 * The baseline calls Postgres in its own process. Pantheon and the floor do so in the process of the endpoint.
 */
export async function measureCpu(
  bench: Bench,
  floor: PostFloorTurn,
  log: (line: string) => void,
): Promise<Row[]> {
  log("CPU time per turn");
  let room: Room = await createRoom(bench, 3, "roundtable");
  let postBaseline = openBaselineThread(bench);
  for (let n = 0; n < warmUps; n += 1) {
    await room.post(question);
    await floor();
    await postBaseline();
  }
  const endpoint = { pantheon: [] as number[], floor: [] as number[] };
  const withEndpoint = async (figures: number[], meter: Meter, post: () => Promise<unknown>) => {
    let own = Number.NaN;
    const ofEndpoint = () => processCpuMs(bench.database.processId);
    figures.push(
      await cpuOf(ofEndpoint, async () => {
        own = await cpuOf(meter, post);
      }),
    );
    return own;
  };
  const times = await interleave(rounds, {
    pantheon: async (round) => {
      if (round % turnsPerSession === 0) room = await createRoom(bench, 3, "roundtable");
      const ofPantheon = () => processCpuMs(bench.pantheon.processId);
      return withEndpoint(endpoint.pantheon, ofPantheon, () => room.post(question));
    },
    floor: () => withEndpoint(endpoint.floor, () => processCpuMs(bench.floor.processId), floor),
    baseline: (round) => {
      if (round % turnsPerSession === 0) postBaseline = openBaselineThread(bench);
      return cpuOf(() => processCpuMs(bench.baseline.processId), postBaseline);
    },
  });
  const [pantheon, floorCpu, baseline] = [
    spreadOf(times.pantheon),
    spreadOf(times.floor),
    spreadOf(times.baseline),
  ];
  if (Number.isNaN(pantheon.median)) return [];
  const at = { pantheon: spreadOf(endpoint.pantheon), floor: spreadOf(endpoint.floor) };
  const beside = `the floor ${withUnit(floorCpu.median, "ms")}, the baseline ${withUnit(baseline.median, "ms")}`;
  return [
    plainFigure(
      `CPU time per turn of 3 agents (turns 1-${turnsPerSession})`,
      withUnit(pantheon.median, "ms"),
      `${formatSpread(pantheon, "ms")}; ${beside}`,
      { pantheon, floor: floorCpu, baseline },
    ),
    atMost({
      measure: "the same, against LangGraph with its Postgres checkpointer",
      value: pantheon.median / baseline.median,
      unit: "×",
      limit: 0.65,
    }),
    atMost({
      measure: "the same, against the floor",
      value: pantheon.median / floorCpu.median,
      unit: "×",
      limit: 2,
    }),
    plainFigure(
      "the local Neon endpoint's beside it",
      withUnit(at.pantheon.median, "ms"),
      `${formatSpread(at.pantheon, "ms")}; the floor ${withUnit(at.floor.median, "ms")}`,
      at,
    ),
  ];
}
