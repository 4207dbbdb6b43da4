import { UnreadableAnswer } from "../../../src/runtime/model/answer-events.ts";
import {
  classifyAnswer,
  finishReasonOf,
  streamCut,
  unreadable,
} from "../../../src/runtime/model/answer-outcome.ts";
import { createAnswerReader } from "../../../src/runtime/model/answer-reader.ts";
import { isWhole } from "../../../src/runtime/model/answer-state.ts";

export type ReadOptions = { maxOutputTokens?: number; reasoningInText?: boolean };

/** Reads a body that comes in pieces, as a call does, and gives all that came of it. */
export function readPieces(pieces: readonly Uint8Array[], options: ReadOptions = {}) {
  const deltas: string[] = [];
  let progress = 0;
  const reader = createAnswerReader({
    maxOutputTokens: options.maxOutputTokens ?? 2_048,
    reasoningInText: options.reasoningInText ?? false,
    onText: (delta) => deltas.push(delta),
    onProgress: () => {
      progress += 1;
    },
  });
  const { answer } = reader;
  let isReadable = true;
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof UnreadableAnswer)) throw error;
      isReadable = false;
    }
  };
  for (const piece of pieces) attempt(() => reader.feed(piece));
  attempt(() => reader.end());
  const isSettled = isWhole(answer) || answer.error !== null;
  const failure = isSettled ? classifyAnswer(answer, "LLM_API_KEY") : isReadable ? streamCut : unreadable;
  return {
    answer,
    deltas,
    streamed: deltas.join(""),
    progress,
    failure,
    finishReason: finishReasonOf(answer),
  };
}

/** Reads a body that comes at once. */
export function readText(body: string, options?: ReadOptions) {
  return readPieces([new TextEncoder().encode(body)], options);
}

/** Reads chunks as events of a stream that ends with its mark. */
export function readChunks(chunks: readonly unknown[], options?: ReadOptions) {
  return readText(toEvents(chunks), options);
}

export function toEvents(chunks: readonly unknown[]): string {
  return `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")}data: [DONE]\n\n`;
}

export const eventStream = { "Content-Type": "text/event-stream" };

export const chunkOf = (delta: object, finishReason: unknown = null) => ({
  id: "gen-1",
  choices: [{ index: 0, delta, finish_reason: finishReason }],
});
