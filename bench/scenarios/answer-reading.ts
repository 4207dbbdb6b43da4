import { createAnswerReader } from "../../src/runtime/model/answer-reader.ts";
import { spreadOf } from "../figures.ts";
import { formatSpread, plainFigure, type Row, withUnit } from "../report/row.ts";

const deltas = 1_000;
const bytesPerRead = 1_024;
const answersPerRun = 50;
const runs = 9;

/** The CPU that reading streamed answers takes, without a network: bytes, events, JSON, chunks, text. */
export function measureAnswerReading(log: (line: string) => void): Row[] {
  log("CPU of reading streamed answers");
  const pieces = toReads(streamOf(deltas));
  // The first run is compiled while it goes.
  timeRun(pieces);
  const figures = Array.from({ length: runs }, () => timeRun(pieces));
  const spread = spreadOf(figures);
  return [
    plainFigure(
      "CPU of reading an answer of 1,000 deltas",
      withUnit(spread.median, "ms"),
      formatSpread(spread, "ms"),
      figures,
    ),
  ];
}

/** Milliseconds of CPU for one answer. */
function timeRun(pieces: readonly Uint8Array[]): number {
  const before = process.cpuUsage();
  for (let answer = 0; answer < answersPerRun; answer += 1) readOnce(pieces);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / answersPerRun;
}

function readOnce(pieces: readonly Uint8Array[]): void {
  let text = "";
  const reader = createAnswerReader({
    maxOutputTokens: 2_048,
    reasoningInText: false,
    onText: (piece) => {
      text += piece;
    },
    onProgress: () => undefined,
  });
  for (const piece of pieces) reader.feed(piece);
  reader.end();
  const read = text.split(" ").length - 1;
  if (read !== deltas) throw new Error(`${read} deltas were read, not ${deltas}`);
}

function streamOf(count: number): Uint8Array {
  const envelope = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_767_225_600, model: "m" };
  const chunkOf = (delta: object, finishReason: string | null) => ({
    ...envelope,
    choices: [{ index: 0, delta, finish_reason: finishReason, logprobs: null }],
  });
  const chunks = [
    ...Array.from({ length: count }, (_, place) => chunkOf({ content: `word${place} ` }, null)),
    chunkOf({}, "stop"),
  ];
  const events = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");
  return new TextEncoder().encode(`${events}data: [DONE]\n\n`);
}

function toReads(bytes: Uint8Array): Uint8Array[] {
  const reads = Math.ceil(bytes.byteLength / bytesPerRead);
  return Array.from({ length: reads }, (_, read) =>
    bytes.subarray(read * bytesPerRead, (read + 1) * bytesPerRead),
  );
}
