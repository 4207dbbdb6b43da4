import { interleave, spreadOf } from "../figures.ts";
import { createRoom, question } from "../pantheon-room.ts";
import { startPeer } from "../peers/peer.ts";
import type { SdkReaderQuestions } from "../peers/sdk-reader.ts";
import { cpuOf, processCpuMs, workerdCpuMs } from "../process-cpu.ts";
import { atMost, formatSpread, plainFigure, type Row, withUnit } from "../report/row.ts";
import type { Bench } from "../setup.ts";

const rounds = 25;
const warmUps = 5;
const deltas = 1_000;

/**
 * CPU time of an answer of 1,000 deltas, less that of an answer of one. The model sends each delta by itself. Pantheon reads
 * them, keeps them as events, and streams them to a client. The SDK only reads them.
 */
export async function measureStreamedDeltas(bench: Bench, log: (line: string) => void): Promise<Row[]> {
  log("Answers of 1,000 deltas that are streamed to a client");
  const reader = await startPeer<SdkReaderQuestions>(new URL("../peers/sdk-reader.ts", import.meta.url), {
    llmBaseUrl: `${bench.models.url}/v1`,
  });
  const setDeltas = (count: number | null) =>
    bench.models.ask("setPace", { delayMs: 0, pauseMs: 0, keepsBodies: false, singleDeltas: count });
  /** CPU time of `work` with many deltas, less that with one. */
  const difference = async (measure: (work: number) => Promise<number>) => {
    await setDeltas(1);
    const one = await measure(1);
    await setDeltas(deltas);
    return (await measure(deltas)) - one;
  };
  const sdk = () =>
    difference((count) =>
      cpuOf(
        () => processCpuMs(reader.processId),
        async () => expectDeltas(await reader.ask("read", undefined), count),
      ),
    );
  const pantheon = async () => {
    const room = await createRoom(bench, 1, "roundtable");
    return difference(() =>
      cpuOf(
        () => workerdCpuMs(bench.pantheon.groupId),
        async () => {
          const { status, text } = await room.stream(question, () => undefined);
          if (status !== 200 || !text.includes('"RUN_FINISHED"')) throw new Error(`A streamed turn: ${text}`);
        },
      ),
    );
  };
  try {
    for (let n = 0; n < warmUps; n += 1) {
      await sdk();
      await pantheon();
    }
    const times = await interleave(rounds, { pantheon, sdk });
    return toRows(times);
  } finally {
    await setDeltas(null);
    await reader.stop();
  }
}

function expectDeltas(read: number, sent: number): void {
  if (read !== sent) throw new Error(`The SDK read ${read} deltas of ${sent}.`);
}

function toRows(times: Record<"pantheon" | "sdk", number[]>): Row[] {
  const [own, theirs] = [spreadOf(times.pantheon), spreadOf(times.sdk)];
  if (Number.isNaN(own.median)) return [];
  return [
    plainFigure(
      "CPU time of 1,000 deltas that are streamed to a client",
      withUnit(own.median, "ms"),
      `${formatSpread(own, "ms")}; the SDK in Node, which sends nothing: ${withUnit(theirs.median, "ms")}`,
      { pantheon: own, sdk: theirs },
    ),
    atMost({
      measure: "the same, against the SDK that only reads them",
      value: own.median / theirs.median,
      unit: "×",
      limit: 0.5,
    }),
  ];
}
