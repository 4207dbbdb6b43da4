import { spreadOf } from "../figures.ts";
import { createRoom, question, type Room } from "../pantheon-room.ts";
import { atMost, formatSpread, plainFigure, type Row, withUnit } from "../report/row.ts";
import type { Bench } from "../setup.ts";
import { measureServerCpu, measureWal } from "../stored-bytes.ts";

const turnsMeasured = 24;
const lateFrom = 188;

/** Write-ahead log of turns of three agents with replies of 1 KiB, early and late in a session. */
export async function measureWrittenBytes(bench: Bench, log: (line: string) => void): Promise<Row[]> {
  log("Bytes written per turn");
  const room = await createRoom(bench, 3, "roundtable");
  const early = spreadOf(await walOf(bench, room));
  const serverMs = await measureServerCpu(bench, async () => {
    for (let n = 0; n < turnsMeasured; n += 1) await room.post(question);
  });
  for (let n = 2 * turnsMeasured + 1; n < lateFrom; n += 1) await room.post(question);
  const late = spreadOf(await walOf(bench, room));
  const note = bench.isEmbedded ? "; embedded: one session, its own log settings" : "; of the whole server";
  return [
    atMost({
      measure: "bytes written per turn (WAL), 3 agents, 1 KiB replies",
      value: late.median / 1_000,
      unit: "KB",
      limit: 32,
      values: { early, late },
      spread: formatSpread(inKb(late), "KB") + note,
    }),
    atMost({
      measure: "the same, turn 200 against turn 5, minima: flat",
      value: late.min / early.min,
      unit: "×",
      limit: 1.1,
      spread: `${formatSpread(inKb(early), "KB")}, early`,
    }),
    ...(Number.isNaN(serverMs) || bench.isEmbedded
      ? []
      : [
          plainFigure(
            "CPU time of Postgres per turn",
            withUnit(serverMs / turnsMeasured, "ms"),
            `mean of ${turnsMeasured} turns`,
            serverMs,
          ),
        ]),
  ];
}

async function walOf(bench: Bench, room: Room): Promise<number[]> {
  const bytes: number[] = [];
  for (let n = 0; n < turnsMeasured; n += 1) bytes.push(await measureWal(bench, () => room.post(question)));
  return bytes;
}

function inKb({ median, min, max, runs }: ReturnType<typeof spreadOf>) {
  return { median: median / 1_000, min: min / 1_000, max: max / 1_000, runs };
}
