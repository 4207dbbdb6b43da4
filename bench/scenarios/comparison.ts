import { openBaselineThread } from "../baseline-turns.ts";
import { interleave } from "../figures.ts";
import type { PostFloorTurn } from "../floor-turns.ts";
import { createRoom, question, type Room } from "../pantheon-room.ts";
import type { Bench } from "../setup.ts";
import { type KeptCheckpoints, readKeptCheckpoints } from "../stored-bytes.ts";

/** Three whole cycles of a summary every eight turns. */
const rounds = 24;
const warmUps = 40;

/** The turns of a session at which it is measured; the ranges are as long as there are rounds. */
const middle = 38;
const late = 188;

/** Turns of three agents in sequence with models at 0 ms, measured alternately. */
export type Comparison = {
  /** ms */
  times: Record<
    "pantheonAt5" | "pantheonAt50" | "pantheonAt200" | "floor" | "baselineAt5" | "baselineAt200",
    number[]
  >;
  /** Bytes that Pantheon read from the database in each turn. */
  readBytes: Record<"at5" | "at50" | "at200", number[]>;
  keptCheckpoints: Record<"at5" | "at50" | "at200", KeptCheckpoints[]>;
};

export async function runComparison(
  bench: Bench,
  floor: PostFloorTurn,
  log: (line: string) => void,
): Promise<Comparison> {
  for (let n = 0; n < warmUps; n += 1) await floor();

  log(`Sessions of 4, ${middle - 1} and ${late - 1} turns, and of the baseline`);
  const rooms: Room[] = [];
  const baselines: (() => Promise<number>)[] = [];
  for (let n = 0; n < rounds; n += 1) {
    rooms.push(await lengthen(await createRoom(bench, 3, "roundtable"), 4));
    baselines.push(await repeat(openBaselineThread(bench), 4));
  }
  const middleRoom = await lengthen(await createRoom(bench, 3, "roundtable"), middle - 1);
  const lateRoom = await lengthen(await createRoom(bench, 3, "roundtable"), late - 1);
  const lateBaseline = await repeat(openBaselineThread(bench), late - 1);

  log(`${rounds} rounds of Pantheon, the floor and the baseline in turns`);
  const readBytes = { at5: [], at50: [], at200: [] } as Comparison["readBytes"];
  const runIds = { at5: [] as string[], at50: [] as string[], at200: [] as string[] };
  const postTo = async (room: Room | undefined, when: keyof typeof runIds) => {
    await bench.database.ask("takeExchanges", undefined);
    const turn = await present(room).post(question);
    const exchanges = await bench.database.ask("takeExchanges", undefined);
    readBytes[when].push(exchanges.reduce((sum, { answerBytes }) => sum + answerBytes, 0));
    runIds[when].push(turn.runId);
    return turn.elapsedMs;
  };
  const times = await interleave(rounds, {
    pantheonAt5: (round) => postTo(rooms[round], "at5"),
    floor: () => floor(),
    baselineAt5: (round) => present(baselines[round])(),
    pantheonAt50: () => postTo(middleRoom, "at50"),
    pantheonAt200: () => postTo(lateRoom, "at200"),
    baselineAt200: () => lateBaseline(),
  });
  const keptCheckpoints = {
    at5: await readKeptCheckpoints(bench, runIds.at5),
    at50: await readKeptCheckpoints(bench, runIds.at50),
    at200: await readKeptCheckpoints(bench, runIds.at200),
  };
  return { times, readBytes, keptCheckpoints };
}

async function lengthen(room: Room, turns: number): Promise<Room> {
  for (let n = 0; n < turns; n += 1) await room.post(question);
  return room;
}

async function repeat(post: () => Promise<number>, times: number): Promise<() => Promise<number>> {
  for (let n = 0; n < times; n += 1) await post();
  return post;
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("There are as many sessions as rounds.");
  return value;
}
