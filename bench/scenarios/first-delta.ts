import { monotonicMs } from "../clock.ts";
import { spreadOf } from "../figures.ts";
import { createRoom, question } from "../pantheon-room.ts";
import { atMost, formatSpread, plainFigure, type Row, withUnit } from "../report/row.ts";
import type { Bench } from "../setup.ts";

const rounds = 21;
/** Long enough that the first delta travels alone. */
const pauseMs = 20;

/** The time from a streamed post to the first text, with and without the model's own time. */
export async function measureFirstDelta(bench: Bench, log: (line: string) => void): Promise<Row[]> {
  log("The first text delta of a streamed turn");
  const room = await createRoom(bench, 3, "roundtable");
  for (let n = 0; n < 4; n += 1) await room.post(question);
  await bench.models.ask("setPace", { delayMs: 0, pauseMs, keepsBodies: false });
  await bench.models.ask("takeJournal", undefined);
  const shares: number[] = [];
  const relays: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    let firstMs = Number.NaN;
    const { status, sentMs, text } = await room.stream(question, (arrived) => {
      if (Number.isNaN(firstMs) && arrived.includes('"TEXT_MESSAGE_CONTENT"')) firstMs = monotonicMs();
    });
    if (status !== 200 || !text.includes('"RUN_FINISHED"'))
      throw new Error(`A streamed turn: ${status} ${text}`);
    const [call] = await bench.models.ask("takeJournal", undefined);
    if (call === undefined) throw new Error("A streamed turn called no model.");
    shares.push(firstMs - sentMs - (call.firstDeltaMs - call.arrivedMs));
    relays.push(firstMs - call.firstDeltaMs);
  }
  await bench.models.ask("setPace", { delayMs: 0, pauseMs: 0, keepsBodies: false });
  const relay = spreadOf(relays);
  const share = spreadOf(shares);
  return [
    atMost({
      measure: "Pantheon's share of the time from a post to the first text delta, less what the model took",
      limit: 9,
      value: share.median,
      unit: "ms",
      values: share,
      spread: formatSpread(share, "ms"),
    }),
    plainFigure(
      "of that, after the model's first delta",
      withUnit(relay.median, "ms"),
      formatSpread(relay, "ms"),
      relay,
    ),
  ];
}
