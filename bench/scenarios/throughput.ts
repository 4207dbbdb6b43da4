import { openBaselineThread } from "../baseline-turns.ts";
import { monotonicMs } from "../clock.ts";
import { interleave, type Spread, spreadOf } from "../figures.ts";
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
  const own: Bench = { ...bench, ...(await bench.asUser("throughput")) };
  const rooms = await Promise.all(Array.from({ length: sessions }, () => createRoom(own, 3, "roundtable")));
  const floors = await Promise.all(Array.from({ length: sessions }, () => openFloorSession(own)));
  const pantheonPosts = rooms.map((room) => () => room.post(question));
  const baselines = Array.from({ length: sessions }, () => openBaselineThread(bench));
  for (const posts of [pantheonPosts, floors, baselines]) await turnsPerSecond(posts);
  const rates = await interleave(rounds, {
    pantheon: () => turnsPerSecond(pantheonPosts),
    floor: () => turnsPerSecond(floors),
    baseline: () => turnsPerSecond(baselines),
  });
  const [pantheon, floor, baseline] = [
    spreadOf(rates.pantheon),
    spreadOf(rates.floor),
    spreadOf(rates.baseline),
  ];
  const against = (measure: string, other: Spread, limit: number) =>
    atLeast({
      measure,
      value: pantheon.median / other.median,
      unit: "×",
      limit,
      values: { pantheon, other },
      spread: `${formatSpread(pantheon, "turns/s")}; theirs ${other.median.toFixed(0)}`,
    });
  const measure = `throughput, ${sessions} sessions at once, models at 0 ms, no error`;
  return [
    against(`${measure}: against LangGraph with its Postgres checkpointer`, baseline, 1.2),
    against("the same, against the floor", floor, 0.4),
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
