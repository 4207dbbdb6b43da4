import { interleave, spreadOf } from "../figures.ts";
import type { PostFloorTurn } from "../floor-turns.ts";
import { createRoom, question } from "../pantheon-room.ts";
import { cpuPer, processCpuMs, workerdCpuMs } from "../process-cpu.ts";
import { formatSpread, type Row, told, withUnit } from "../report/row.ts";
import { openRivalThread } from "../rival-turns.ts";
import type { Stage } from "../stage.ts";

const rounds = 5;
const sessionsPerRound = 5;
const turnsPerSession = 8;
const turns = sessionsPerRound * turnsPerSession;

/** CPU time of the process that runs the turn; unlike the clock it hardly minds what else the machine does. */
export async function measureCpu(
  stage: Stage,
  floor: PostFloorTurn,
  log: (line: string) => void,
): Promise<Row[]> {
  log("CPU time per turn");
  const times = await interleave(rounds, {
    pantheon: async () => {
      const rooms = await Promise.all(
        Array.from({ length: sessionsPerRound }, () => createRoom(stage, 3, "roundtable")),
      );
      const post = async () => {
        for (const room of rooms) for (let n = 0; n < turnsPerSession; n += 1) await room.post(question);
      };
      return cpuPer(turns, () => workerdCpuMs(stage.pantheon.groupId), post);
    },
    floor: () =>
      cpuPer(
        turns,
        () => workerdCpuMs(stage.floor.groupId),
        async () => {
          for (let n = 0; n < turns; n += 1) await floor();
        },
      ),
    rival: () =>
      cpuPer(
        turns,
        () => processCpuMs(stage.rival.processId),
        async () => {
          for (let session = 0; session < sessionsPerRound; session += 1) {
            const post = openRivalThread(stage);
            for (let n = 0; n < turnsPerSession; n += 1) await post();
          }
        },
      ),
  });
  const [pantheon, floorCpu, rival] = [
    spreadOf(times.pantheon),
    spreadOf(times.floor),
    spreadOf(times.rival),
  ];
  if (Number.isNaN(pantheon.median)) return [];
  const beside = `the floor ${withUnit(floorCpu.median, "ms")}, the rival ${withUnit(rival.median, "ms")}`;
  return [
    told(
      `CPU time per turn of 3 agents (turns 1-${turnsPerSession})`,
      `${withUnit(pantheon.median, "ms")}, ${withUnit(pantheon.median / floorCpu.median, "×")} the floor's`,
      `${formatSpread(pantheon, "ms")}; ${beside}`,
      { pantheon, floor: floorCpu, rival },
    ),
  ];
}
