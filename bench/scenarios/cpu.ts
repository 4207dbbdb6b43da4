import { interleave, spreadOf } from "../figures.ts";
import type { PostFloorTurn } from "../floor-turns.ts";
import { createRoom, question, type Room } from "../pantheon-room.ts";
import { cpuOf, type Meter, processCpuMs, workerdCpuMs } from "../process-cpu.ts";
import { formatSpread, type Row, told, withUnit } from "../report/row.ts";
import { openRivalThread } from "../rival-turns.ts";
import type { Stage } from "../stage.ts";

const rounds = 80;
/** Sessions start anew after as many turns. */
const turnsPerSession = 8;
const warmUps = 24;

/**
 * CPU time of the process that runs the turn, turn by turn. The clock minds what else the machine does far more.
 * The rival speaks to Postgres in its own process; of Pantheon and the floor that part is in the endpoint's.
 */
export async function measureCpu(
  stage: Stage,
  floor: PostFloorTurn,
  log: (line: string) => void,
): Promise<Row[]> {
  log("CPU time per turn");
  let room: Room = await createRoom(stage, 3, "roundtable");
  let postRival = openRivalThread(stage);
  for (let n = 0; n < warmUps; n += 1) {
    await room.post(question);
    await floor();
    await postRival();
  }
  const endpoint = { pantheon: [] as number[], floor: [] as number[] };
  const withEndpoint = async (figures: number[], meter: Meter, post: () => Promise<unknown>) => {
    let own = Number.NaN;
    const ofEndpoint = () => processCpuMs(stage.database.processId);
    figures.push(
      await cpuOf(ofEndpoint, async () => {
        own = await cpuOf(meter, post);
      }),
    );
    return own;
  };
  const times = await interleave(rounds, {
    pantheon: async (round) => {
      if (round % turnsPerSession === 0) room = await createRoom(stage, 3, "roundtable");
      const ofPantheon = () => workerdCpuMs(stage.pantheon.groupId);
      return withEndpoint(endpoint.pantheon, ofPantheon, () => room.post(question));
    },
    floor: () => withEndpoint(endpoint.floor, () => workerdCpuMs(stage.floor.groupId), floor),
    rival: (round) => {
      if (round % turnsPerSession === 0) postRival = openRivalThread(stage);
      return cpuOf(() => processCpuMs(stage.rival.processId), postRival);
    },
  });
  const [pantheon, floorCpu, rival] = [
    spreadOf(times.pantheon),
    spreadOf(times.floor),
    spreadOf(times.rival),
  ];
  if (Number.isNaN(pantheon.median)) return [];
  const at = { pantheon: spreadOf(endpoint.pantheon), floor: spreadOf(endpoint.floor) };
  const beside = `the floor ${withUnit(floorCpu.median, "ms")}, the rival ${withUnit(rival.median, "ms")}`;
  return [
    told(
      `CPU time per turn of 3 agents (turns 1-${turnsPerSession})`,
      `${withUnit(pantheon.median, "ms")}, ${withUnit(pantheon.median / floorCpu.median, "×")} the floor's`,
      `${formatSpread(pantheon, "ms")}; ${beside}`,
      { pantheon, floor: floorCpu, rival },
    ),
    told(
      "the local Neon endpoint's beside it",
      withUnit(at.pantheon.median, "ms"),
      `${formatSpread(at.pantheon, "ms")}; the floor ${withUnit(at.floor.median, "ms")}`,
      at,
    ),
  ];
}
