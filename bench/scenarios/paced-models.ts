import { interleave, spreadOf } from "../figures.ts";
import type { PostFloorTurn } from "../floor-turns.ts";
import { createRoom, question } from "../pantheon-room.ts";
import { atMost, formatSpread, type Row } from "../report/row.ts";
import type { Bench } from "../setup.ts";

const rounds = 9;

/** Turns whose models take 50 or 200 ms a call: what Pantheon adds to that. */
export async function measurePacedModels(
  bench: Bench,
  floor: PostFloorTurn,
  log: (line: string) => void,
): Promise<Row[]> {
  log("Models at 50 ms in sequence, and at 200 ms side by side");
  const three = await createRoom(bench, 3, "roundtable");
  const four = await createRoom(bench, 4, "tag");
  const tags = four.agentKeys.map((key) => `@${key}`).join(" ");
  const paced = async (delayMs: number, work: () => Promise<number>) => {
    await bench.models.ask("setPace", { delayMs, pauseMs: 0, keepsBodies: false });
    return work();
  };
  const times = await interleave(rounds, {
    floorAtOnce: () => paced(0, () => floor()),
    sequence: () => paced(50, async () => (await three.post(question)).elapsedMs),
    floor: () => paced(50, () => floor()),
    tagged: () => paced(200, async () => (await four.post(`${tags} ${question}`)).elapsedMs),
  });
  await bench.models.ask("setPace", { delayMs: 0, pauseMs: 0, keepsBodies: false });
  const floorMs = spreadOf(times.floorAtOnce).median;
  const row = (measure: string, figures: readonly number[], modelMs: number, more = "") => {
    const spread = spreadOf(figures);
    const limit = 1.12 * modelMs + floorMs;
    return {
      ...atMost({ measure, value: spread.median, unit: "ms", limit, values: { spread, floorMs } }),
      spread: formatSpread(spread, "ms") + more,
    };
  };
  const floorRemark = `; the floor at 50 ms: ${spreadOf(times.floor).median.toFixed(0)} ms`;
  return [
    row("roundtable of 3 at 50 ms per model call", times.sequence, 150, floorRemark),
    row("manual turn with 4 tags, models at 200 ms", times.tagged, 200),
  ];
}
