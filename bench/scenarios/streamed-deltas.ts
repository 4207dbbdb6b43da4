import { interleave, spreadOf } from "../figures.ts";
import { createRoom, question, type Room } from "../pantheon-room.ts";
import { type Peer, startPeer } from "../peers/peer.ts";
import type { SdkReaderQuestions } from "../peers/sdk-reader.ts";
import { cpuOf, processCpuMs } from "../process-cpu.ts";
import { atMost, formatSpread, plainFigure, type Row, withUnit } from "../report/row.ts";
import type { Bench } from "../setup.ts";

const rounds = 25;
const warmUps = 5;
const deltas = 1_000;

/**
 * CPU time of an answer of 1,000 deltas, less that of an answer of one. Pantheon reads them, keeps them as events, and streams
 * them to a client. The SDK only reads them, in Node. First the model sends all deltas in one piece, as in the other parts of
 * the bench. Then each delta is sent by itself.
 */
export async function measureStreamedDeltas(bench: Bench, log: (line: string) => void): Promise<Row[]> {
  log("Answers of 1,000 deltas that are streamed to a client");
  const reader = await startPeer<SdkReaderQuestions>(new URL("../peers/sdk-reader.ts", import.meta.url), {
    llmBaseUrl: `${bench.models.url}/v1`,
  });
  try {
    const together = await measure(bench, reader, false);
    const alone = await measure(bench, reader, true);
    return [
      ...toRows("CPU time of 1,000 deltas that are streamed to a client", together),
      ...toRows("CPU time of 1,000 deltas, where the model sends each by itself", alone),
    ];
  } finally {
    await bench.models.ask("setPace", atOnce);
    await reader.stop();
  }
}

const atOnce = { delayMs: 0, pauseMs: 0, keepsBodies: false };

async function measure(bench: Bench, reader: Peer<SdkReaderQuestions>, isEachAlone: boolean) {
  // A user has at most 100 rooms, and the other parts have used some.
  const user = await bench.asUser(`streamed-${isEachAlone}`);
  const sdk = (count: number) =>
    cpuOf(
      () => processCpuMs(reader.processId),
      async () => {
        const read = await reader.ask("read", undefined);
        if (read !== count) throw new Error(`The SDK read ${read} deltas of ${count}.`);
      },
    );
  const stream = (room: Room) =>
    cpuOf(
      () => processCpuMs(bench.pantheon.processId),
      async () => {
        const { status, text } = await room.stream(question, () => undefined);
        if (status !== 200 || !text.includes('"RUN_FINISHED"')) throw new Error(`A streamed turn: ${text}`);
      },
    );
  /** CPU time of `work` with many deltas, less that with one. */
  const difference = async (work: (count: number) => Promise<number>) => {
    const figures: number[] = [];
    for (const count of [1, deltas]) {
      await bench.models.ask("setPace", { ...atOnce, deltas: { count, isEachAlone } });
      figures.push(await work(count));
    }
    const [one = Number.NaN, many = Number.NaN] = figures;
    return many - one;
  };
  const measures = {
    pantheon: async () => {
      const room = await createRoom({ ...bench, ...user }, 1, "roundtable");
      return difference(() => stream(room));
    },
    sdk: () => difference(sdk),
  };
  await interleave(warmUps, measures);
  return interleave(rounds, measures);
}

function toRows(measure: string, times: Record<"pantheon" | "sdk", number[]>): Row[] {
  const [own, theirs] = [spreadOf(times.pantheon), spreadOf(times.sdk)];
  if (Number.isNaN(own.median)) return [];
  return [
    plainFigure(
      measure,
      withUnit(own.median, "ms"),
      `${formatSpread(own, "ms")}; the SDK in Node, which sends nothing: ${withUnit(theirs.median, "ms")}`,
      { pantheon: own, sdk: theirs },
    ),
    atMost({
      measure: "the same, as a multiple of the SDK's, which only reads them",
      value: own.median / theirs.median,
      unit: "×",
      limit: 0.5,
    }),
  ];
}
