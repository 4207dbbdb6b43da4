import { interleave } from "../figures.ts";
import type { PostFloorTurn } from "../floor-turns.ts";
import { createRoom, question, type Room } from "../pantheon-room.ts";
import { openRivalThread } from "../rival-turns.ts";
import type { Stage } from "../stage.ts";
import { type KeptCheckpoints, readKeptCheckpoints } from "../stored-bytes.ts";

/** Three whole cycles of a summary every eight turns. */
const rounds = 24;
const warmUps = 40;

/** The turns of a session at which it is measured; the ranges are as long as there are rounds. */
const middle = 38;
const late = 188;

/** Turns of three agents in sequence, models at 0 ms, all measured in turns with each other. */
export type Contest = {
  /** ms */
  times: Record<
    "pantheonAt5" | "pantheonAt50" | "pantheonAt200" | "floor" | "rivalAt5" | "rivalAt200",
    number[]
  >;
  /** Bytes that Pantheon read from the database in each of those turns. */
  readBytes: Record<"at5" | "at50" | "at200", number[]>;
  keptCheckpoints: Record<"at5" | "at50" | "at200", KeptCheckpoints[]>;
};

export async function holdContest(
  stage: Stage,
  floor: PostFloorTurn,
  log: (line: string) => void,
): Promise<Contest> {
  for (let n = 0; n < warmUps; n += 1) await floor();

  log(`Sessions of 4, ${middle - 1} and ${late - 1} turns, and the rival's`);
  const rooms: Room[] = [];
  const rivals: (() => Promise<number>)[] = [];
  for (let n = 0; n < rounds; n += 1) {
    rooms.push(await lengthen(await createRoom(stage, 3, "roundtable"), 4));
    rivals.push(await repeat(openRivalThread(stage), 4));
  }
  const middleRoom = await lengthen(await createRoom(stage, 3, "roundtable"), middle - 1);
  const lateRoom = await lengthen(await createRoom(stage, 3, "roundtable"), late - 1);
  const lateRival = await repeat(openRivalThread(stage), late - 1);

  log(`${rounds} rounds of Pantheon, the floor and the rival in turns`);
  const readBytes = { at5: [], at50: [], at200: [] } as Contest["readBytes"];
  const runIds = { at5: [] as string[], at50: [] as string[], at200: [] as string[] };
  const postTo = async (room: Room | undefined, when: keyof typeof runIds) => {
    await stage.database.ask("takeExchanges", undefined);
    const turn = await present(room).post(question);
    const exchanges = await stage.database.ask("takeExchanges", undefined);
    readBytes[when].push(exchanges.reduce((sum, { answerBytes }) => sum + answerBytes, 0));
    runIds[when].push(turn.runId);
    return turn.elapsedMs;
  };
  const times = await interleave(rounds, {
    pantheonAt5: (round) => postTo(rooms[round], "at5"),
    floor: () => floor(),
    rivalAt5: (round) => present(rivals[round])(),
    pantheonAt50: () => postTo(middleRoom, "at50"),
    pantheonAt200: () => postTo(lateRoom, "at200"),
    rivalAt200: () => lateRival(),
  });
  const keptCheckpoints = {
    at5: await readKeptCheckpoints(stage, runIds.at5),
    at50: await readKeptCheckpoints(stage, runIds.at50),
    at200: await readKeptCheckpoints(stage, runIds.at200),
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
