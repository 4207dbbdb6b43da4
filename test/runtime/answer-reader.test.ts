import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { describe, expect, test } from "vitest";
import { emptyAnswer, isTooLong, judgeAnswer, readChunk } from "../../src/runtime/model/answer-reader.ts";

/** What came over the wire is whatever the provider sent; only the reader makes a chunk of it. */
const wire = (chunk: object) => chunk as ChatCompletionChunk;

const delta = (content: unknown, finishReason: string | null = null) =>
  wire({ id: "chatcmpl-1", choices: [{ index: 0, delta: { content }, finish_reason: finishReason }] });

function read(...chunks: ChatCompletionChunk[]) {
  const answer = emptyAnswer();
  const told = chunks.map((chunk) => readChunk(answer, chunk)).join("");
  return { answer, told };
}

describe("what is read of a streamed answer", () => {
  test("is its text as it is told, its id, its finish reason and its usage", () => {
    const usage = {
      prompt_tokens: 12,
      completion_tokens: 3,
      prompt_tokens_details: { cached_tokens: 5 },
      cost: 0.5,
    };
    const { answer, told } = read(
      delta("One "),
      delta(null),
      delta("two."),
      delta("", "stop"),
      wire({ choices: [], usage }),
    );
    expect(told).toBe("One two.");
    expect(answer).toMatchObject({
      text: "One two.",
      finishReason: "stop",
      responseId: "chatcmpl-1",
      reported: { usage: { fresh: 7, cached: 5, output: 3 }, costUsd: "0.50000000" },
    });
    expect(judgeAnswer(answer)).toBeNull();
  });

  test("leaves out what Postgres cannot store, in the text as told too", () => {
    const { answer, told } = read(delta("a\u0000b"), wire({ id: "x\u0000", choices: [] }));
    expect(answer.text).toBe("ab");
    expect(told).toBe("ab");
  });

  test.each(["", "a b", "a\u0000", "\ud800", "x".repeat(201), 7, null, undefined])(
    "takes no id of %j",
    (id) => {
      expect(read(wire({ id, choices: [] })).answer.responseId).toBeNull();
    },
  );

  test.each([
    ["no figures", {}],
    ["text", { prompt_tokens: "many", completion_tokens: 3 }],
    ["a negative one", { prompt_tokens: 12, completion_tokens: -3 }],
    [
      "more cached than all",
      { prompt_tokens: 2, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 3 } },
    ],
    ["a sum beyond the column", { prompt_tokens: 2 ** 31 - 1, completion_tokens: 1 }],
  ])("counts usage with %s as not reported", (_what, usage) => {
    expect(read(wire({ choices: [], usage })).answer.reported).toBeNull();
  });

  test.each([
    ["free", 0, "0.00000000"],
    ["text", "0.1", null],
    ["negative", -1, null],
    ["NaN", Number.NaN, null],
  ])("takes a cost that is %s as %j: %j", (_what, cost, costUsd) => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, cost };
    expect(read(wire({ choices: [], usage })).answer.reported?.costUsd).toBe(costUsd);
  });

  test("is given up where it never ends", () => {
    expect(isTooLong(read(delta("x".repeat(3_200))).answer, 100)).toBe(false);
    expect(isTooLong(read(delta("x".repeat(3_201))).answer, 100)).toBe(true);
  });
});

describe("an answer is none", () => {
  test.each([
    ["without a finish reason", delta("all of it"), "model_stream_cut"],
    ["cut by the output limit", delta("some of it", "length"), "model_truncated"],
    ["stopped by a filter", delta("some of it", "content_filter"), "model_refused"],
    ["for a reason nobody knows", delta("some of it", "tired"), "model_bad_response"],
    ["without text", delta("  \n", "stop"), "model_bad_response"],
    ["that asks for tools and names none", delta("", "tool_calls"), "model_bad_response"],
    ["of half a character", delta("\ud83d", "stop"), "model_bad_response"],
  ])("%s", (_what, chunk, code) => {
    expect(judgeAnswer(read(chunk).answer)).toMatchObject({ code });
  });

  test("but a character that comes in two halves is one", () => {
    expect(judgeAnswer(read(delta("\ud83d"), delta("\ude42", "stop")).answer)).toBeNull();
  });
});
