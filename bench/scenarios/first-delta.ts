import { monotonicMs } from "../clock.ts";
import { spreadOf } from "../figures.ts";
import { createRoom, question } from "../pantheon-room.ts";
import { atMost, formatSpread, type Row } from "../report/row.ts";
import type { Stage } from "../stage.ts";

const rounds = 21;
/** Long enough that the first delta travels alone. */
const pauseMs = 20;

/** From a streamed post to the first text in its stream, and what of it was the model's. */
export async function measureFirstDelta(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  log("The first text delta of a streamed turn");
  const room = await createRoom(stage, 3, "roundtable");
  for (let n = 0; n < 4; n += 1) await room.post(question);
  await stage.models.ask("setPace", { delayMs: 0, pauseMs, keepsBodies: false });
  await stage.models.ask("takeJournal", undefined);
  const shares: number[] = [];
  const relays: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    let firstMs = Number.NaN;
    const { status, sentMs, text } = await room.stream(question, (arrived) => {
      if (Number.isNaN(firstMs) && arrived.includes('"TEXT_MESSAGE_CONTENT"')) firstMs = monotonicMs();
    });
    if (status !== 200 || !text.includes('"RUN_FINISHED"'))
      throw new Error(`A streamed turn: ${status} ${text}`);
    const [call] = await stage.models.ask("takeJournal", undefined);
    if (call === undefined) throw new Error("A streamed turn called no model.");
    shares.push(firstMs - sentMs - (call.firstDeltaMs - call.arrivedMs));
    relays.push(firstMs - call.firstDeltaMs);
  }
  await stage.models.ask("setPace", { delayMs: 0, pauseMs: 0, keepsBodies: false });
  const row = (measure: string, values: readonly number[]) => {
    const spread = spreadOf(values);
    const judged = { measure, value: spread.median, unit: "ms", bar: 10, values: spread };
    return atMost({ ...judged, spread: formatSpread(spread, "ms") });
  };
  return [
    row("our share of the time to the first text delta: all but the model's", shares),
    row("of it, after the model's first delta was sent", relays),
  ];
}
