import { monotonicMs } from "../clock.ts";
import { interleave, spreadOf } from "../figures.ts";
import { openFloorSession } from "../floor-turns.ts";
import { createRoom, question } from "../pantheon-room.ts";
import { atLeast, formatSpread, type Row } from "../report/row.ts";
import type { Bench } from "../setup.ts";

const sessions = 32;
const rounds = 5;
const turnsPerRound = 3;

/** Sessions that all post at once, each its next turn when the last is answered: turns per second. */
export async function measureThroughput(bench: Bench, log: (line: string) => void): Promise<Row[]> {
  log(`${sessions} sessions at once`);
  const rooms = await Promise.all(Array.from({ length: sessions }, () => createRoom(bench, 3, "roundtable")));
  const floors = await Promise.all(Array.from({ length: sessions }, () => openFloorSession(bench)));
  const pantheonPosts = rooms.map((room) => () => room.post(question));
  await turnsPerSecond(pantheonPosts);
  await turnsPerSecond(floors);
  const rates = await interleave(rounds, {
    pantheon: () => turnsPerSecond(pantheonPosts),
    floor: () => turnsPerSecond(floors),
  });
  const [pantheon, floor] = [spreadOf(rates.pantheon), spreadOf(rates.floor)];
  return [
    atLeast({
      measure: `throughput, ${sessions} sessions at once, models at 0 ms, against the floor's; no error`,
      value: pantheon.median / floor.median,
      unit: "×",
      limit: 0.35,
      values: { pantheon, floor },
      spread: `${formatSpread(pantheon, "turns/s")}; the floor ${floor.median.toFixed(0)}`,
    }),
  ];
}

/** Rejects at the first turn that is not stored. */
async function turnsPerSecond(posts: readonly (() => Promise<unknown>)[]): Promise<number> {
  const startedMs = monotonicMs();
  await Promise.all(
    posts.map(async (post) => {
      for (let turn = 0; turn < turnsPerRound; turn += 1) await post();
    }),
  );
  return (posts.length * turnsPerRound * 1_000) / (monotonicMs() - startedMs);
}
