import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toolCallsOf } from "../../../src/runtime/model/tool-call-assembly.ts";
import streams from "../../cases/model-streams.json" with { type: "json" };
import { measureCpuMs } from "../../support/cpu-time.ts";
import { chunkOf, readChunks, readPieces, readText, toEvents } from "./read-answer.ts";

const bodies = streams.filter(({ status }) => status === 200).map(({ body }) => body);

function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
}

const outcome = ({ answer, streamed, failure, finishReason }: ReturnType<typeof readText>) => ({
  text: answer.text,
  calls: toolCallsOf(answer.calls),
  usage: answer.usage,
  streamed,
  failure,
  finishReason,
});

/** Anything that JSON can hold, under the names that are looked at among others. */
const names = fc.constantFrom(
  ...[
    "choices",
    "delta",
    "message",
    "content",
    "text",
    "type",
    "index",
    "id",
    "function",
    "name",
    "arguments",
  ],
  ...[
    "tool_calls",
    "finish_reason",
    "usage",
    "prompt_tokens",
    "error",
    "code",
    "reasoning",
    "refusal",
    "__proto__",
  ],
);
const { value: oddValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false, 0, -1, 1e308, "", "stop", "text", "\ud800", "\u0000", "429"),
    fc.string({ unit: "binary" }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(names, tie("value"), { maxKeys: 4 }),
  ),
}));

describe("the reader of answers", () => {
  test("reads the same from bytes in any pieces", () => {
    fc.assert(
      fc.property(fc.constantFrom(...bodies), fc.array(fc.nat(4_000), { maxLength: 40 }), (body, cuts) => {
        const pieces = split(new TextEncoder().encode(body), cuts);
        expect(outcome(readPieces(pieces))).toEqual(outcome(readText(body)));
      }),
    );
  });

  test("reads the same byte by byte", () => {
    for (const body of bodies) {
      const bytes = new TextEncoder().encode(body);
      const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
      expect(outcome(readPieces(pieces))).toEqual(outcome(readText(body)));
    }
  });

  test("never throws, and stores what it emits, for any chunks", () => {
    fc.assert(
      fc.property(fc.array(oddValue, { maxLength: 8 }), (chunks) => {
        const { answer, streamed } = readChunks(chunks);
        expect(streamed).toBe(answer.text);
        expect(answer.text.isWellFormed()).toBe(true);
        expect(answer.text).not.toContain("\u0000");
      }),
    );
  });

  test("never throws for any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (pieces) => {
        const { answer, streamed } = readPieces(pieces);
        expect(streamed).toBe(answer.text);
      }),
    );
  });

  test("loses no text before a finish reason, whatever other fields there are", () => {
    const oddFields = fc.dictionary(
      names.filter((name) => !["choices", "error", "type", "code"].includes(name)),
      oddValue,
    );
    const words = fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 8 }), oddFields, oddFields), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(words, fc.array(oddValue, { maxLength: 4 }), (said, behind) => {
        const chunks = said.map(([word, beside, inDelta]) => ({
          ...beside,
          choices: [
            {
              index: 0,
              // What else a delta may hold of an answer would be part of it.
              delta: {
                ...inDelta,
                content: `.${word}`,
                tool_calls: null,
                function_call: null,
                refusal: null,
              },
              finish_reason: null,
            },
          ],
        }));
        const before = readChunks([...chunks, chunkOf({}, "stop")]);
        expect(before.failure).toBeNull();
        expect(before.answer.text).toBe(said.map(([word]) => `.${word}`).join(""));
        const all = readChunks([...chunks, chunkOf({}, "stop"), ...behind]);
        expect(all.answer.text.startsWith(before.answer.text)).toBe(true);
        expect(all.failure?.code).not.toBe("model_stream_cut");
      }),
    );
  });

  test("assembles tool calls whose pieces come in any order", () => {
    const calls = fc.array(fc.array(fc.string({ maxLength: 5 }), { minLength: 1, maxLength: 5 }), {
      minLength: 1,
      maxLength: 4,
    });
    const ordered = fc.tuple(calls, fc.infiniteStream(fc.nat()));
    fc.assert(
      fc.property(ordered, ([asked, picks]) => {
        const waiting = asked.map((pieces, index) => ({
          index,
          pieces: pieces.map((args, place) => ({
            index,
            ...(place === 0 ? { id: `call_${index}` } : {}),
            function: { ...(place === 0 ? { name: `tool${index}` } : {}), arguments: args },
          })),
        }));
        const chunks: object[] = [];
        while (waiting.some(({ pieces }) => pieces.length > 0)) {
          const open = waiting.filter(({ pieces }) => pieces.length > 0);
          const call = open[picks.next().value % open.length];
          chunks.push(chunkOf({ tool_calls: [call?.pieces.shift()] }));
        }
        const { answer } = readChunks([...chunks, chunkOf({}, "tool_calls")]);
        const byName = answer.calls.calls.map(({ name, argumentsText }) => [name, argumentsText]).toSorted();
        expect(byName).toEqual(asked.map((pieces, index) => [`tool${index}`, pieces.join("")]));
      }),
    );
  });

  test("takes linear time", () => {
    const timeOf = (chunks: number) => {
      const body = toEvents([
        ...Array.from({ length: chunks }, () => chunkOf({ content: "word " })),
        chunkOf({}, "stop"),
      ]);
      const pieces = split(new TextEncoder().encode(body), []);
      return measureCpuMs(() => void readPieces(pieces, { maxOutputTokens: 100_000 }));
    };
    timeOf(4_000);
    const [short, long] = [timeOf(4_000), timeOf(40_000)];
    // Ten times as much; a hundred times the time were quadratic.
    expect(long / short).toBeLessThan(40);
  });
});
