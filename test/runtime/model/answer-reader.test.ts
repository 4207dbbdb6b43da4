import { describe, expect, test } from "vitest";
import { chunkOf, readChunks, readPieces, readText, toEvents } from "./read-answer.ts";

describe("what is read of a streamed answer", () => {
  test("has its text as it was emitted, its id, its finish reason and its usage", () => {
    const usage = { prompt_tokens: 12, completion_tokens: 3, cost: 0.5 };
    const { answer, streamed, failure, finishReason } = readChunks([
      chunkOf({ content: "One " }),
      chunkOf({ content: null }),
      chunkOf({ content: "two." }),
      chunkOf({ content: "" }, "stop"),
      { choices: [], usage },
    ]);
    expect({ text: answer.text, streamed, failure, finishReason, id: answer.responseId }).toEqual({
      text: "One two.",
      streamed: "One two.",
      failure: null,
      finishReason: "stop",
      id: "gen-1",
    });
    expect(answer.usage).toMatchObject({ prompt: 12, completion: 3, costUsd: 0.5 });
  });

  test.each(["", "a b", "a\u0000", "\ud800", "x".repeat(201), 7, null, undefined])(
    "has no id for %j",
    (id) => {
      expect(readChunks([{ id, choices: [] }]).answer.responseId).toBeNull();
    },
  );

  test.each([
    ["half a pair", ["good \ud83d", " answer"], "good \ufffd answer"],
    ["half a pair at the end", ["good \ud83d"], "good \ufffd"],
    ["a pair in two pieces", ["good \ud83d", "\ude00"], "good 😀"],
    ["NUL", ["a\u0000", "\u0000b"], "ab"],
  ])("has %s in a form that can be stored", (_what, deltas, text) => {
    const { answer, streamed } = readChunks([
      ...deltas.map((content) => chunkOf({ content })),
      chunkOf({}, "stop"),
    ]);
    expect([answer.text, streamed]).toEqual([text, text]);
  });
});

const whole = (content: unknown, finishReason: unknown = "stop") => chunkOf({ content }, finishReason);

test("text of chunks that arrive together is emitted as one piece", () => {
  const toBytes = (...contents: string[]) =>
    new TextEncoder().encode(
      contents.map((content) => `data: ${JSON.stringify(chunkOf({ content }))}\n\n`).join(""),
    );

  const { deltas } = readPieces([toBytes("One ", "two ", "three "), toBytes("four")]);

  expect(deltas).toEqual(["One two three ", "four"]);
});

describe("an unusual form is read", () => {
  test.each<[string, unknown[], string]>([
    ["a choice without an index", [{ choices: [{ delta: { content: "a" }, finish_reason: "stop" }] }], "a"],
    [
      "content in parts of parts",
      [whole([{ type: "text", text: { value: "a" } }, "b", { text: "c" }])],
      "abc",
    ],
    ["parts that are nothing", [whole([null, 3, { type: "image_url" }, { type: "text" }, "a"])], "3a"],
    ["an object as content", [whole({ type: "text", text: "a" })], "a"],
    ["true as content", [whole(true), whole("a")], "a"],
    ["an empty finish reason in every chunk", [whole("a", ""), whole("b", ""), whole("c", "stop")], "abc"],
    ["a finish reason in every chunk", [whole("a", "STOP"), whole("b", "STOP")], "ab"],
    ["choices as an object", [{ choices: { delta: {} } }, whole("a")], "a"],
    ["a list as a chunk", [["no"], whole("a")], "a"],
    ["an error that says nothing", [{ ...whole("a"), error: { code: 0, message: "", type: null } }], "a"],
    ["an error that is false", [{ ...whole("a"), error: false }], "a"],
    [
      "calls that are none",
      [chunkOf({ content: "a", function_call: null, tool_calls: [null, {}, { index: 0 }] }, "stop")],
      "a",
    ],
    ["an old completion's text", [{ choices: [{ index: 0, text: "a", finish_reason: "stop" }] }], "a"],
  ])("%s", (_form, chunks, text) => {
    expect(readChunks(chunks)).toMatchObject({ answer: { text }, failure: null });
  });

  test("two events that one line break separates", () => {
    const lines = [whole("a", null), whole("b")].map((chunk) => `data: ${JSON.stringify(chunk)}\n`).join("");
    expect(readText(`${lines}data: [DONE]\n\n`)).toMatchObject({ answer: { text: "ab" }, failure: null });
  });

  test.each(["\n", "\r\n", "\r"])("line breaks of %j", (lineBreak) => {
    expect(readText(toEvents([whole("a")]).replaceAll("\n", lineBreak)).answer.text).toBe("a");
  });

  test("a JSON body after blanks, in pieces, on a connection that stays open", () => {
    const body = `  \n{"choices":[{"message":{"content":"a } b"},"finish_reason":"stop"}]}`;
    const pieces = [...body].map((character) => new TextEncoder().encode(character));
    expect(readPieces(pieces)).toMatchObject({ answer: { text: "a } b", isDone: true }, failure: null });
  });
});

describe("an answer fails", () => {
  test.each<[string, string, string]>([
    ["without an end", `data: ${JSON.stringify(whole("all of it", null))}\n\n`, "model_stream_cut"],
    ["that is cut in an event", 'data: {"choices":[{"index":0,"del', "model_stream_cut"],
    ["that is cut in a JSON body", '{"choices":[{"message":{"content":"a', "model_stream_cut"],
    ["without anything", "", "model_stream_cut"],
    ["without text", toEvents([whole("  \n")]), "model_bad_response"],
    ["of zero width", toEvents([whole("\u200b\u2060\ufeff\u00ad")]), "model_bad_response"],
    ["of reasoning alone", toEvents([chunkOf({ reasoning: "hm" }, "stop")]), "model_bad_response"],
    ["that asks for tools and names none", toEvents([chunkOf({}, "tool_calls")]), "model_bad_response"],
    ["with a broken event in it", `data: {"choices":\n\n${toEvents([whole("a")])}`, "model_bad_response"],
    ["that is lines of JSON", '{"message":{"content":"a"}}\n{"done":true}\n', "model_bad_response"],
    ["that is lines of chunks", `${JSON.stringify(whole("a", null))}\n{"done":true}`, "model_bad_response"],
    ["that is another JSON", '{"status":"ok"}', "model_bad_response"],
    ["that is a list", "[1,2]", "model_bad_response"],
    ["that is a word", "Service unavailable", "model_bad_response"],
    ["that is a page", "\n<html></html>", "model_bad_response"],
    ["that a filter stopped", toEvents([whole("some", "content_filter")]), "model_refused"],
    ["that is a refusal", toEvents([chunkOf({ content: "x", refusal: "no" }, "stop")]), "model_refused"],
    ["that ended in an error", toEvents([whole("some", "error")]), "model_error"],
    ["that is a list of an error", '[{"error":{"code":400,"message":"no"}}]', "model_error"],
    ["that is an error of another place", '{"x_groq":{"error":"broken"}}', "model_error"],
    ["that is an error's event", "event: error\ndata: upstream is gone\n\n", "model_error"],
    ["that is an error in a stream, as JSON alone", ': wait\n{"error":{"message":"x"}}\n\n', "model_error"],
  ])("%s", (_what, body, code) => {
    expect(readText(body).failure).toMatchObject({ code });
  });

  test.each([
    ["a line", `data: {"a":"${"x".repeat(1_100_000)}"}\n\n`, 2_048],
    ["an event", `data: {"a":1}\n`.repeat(200_000), 2_048],
    ["its bytes", ": keep-alive\n\n".repeat(100_000), 100],
    ["a JSON body", `{"a":"${"x".repeat(1_400_000)}`, 100],
  ])("whose %s exceeds its limit", (_what, body, maxOutputTokens) => {
    const bytes = new TextEncoder().encode(body);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 4_096) }, (_, piece) =>
      bytes.subarray(piece * 4_096, (piece + 1) * 4_096),
    );
    const { failure } = readPieces(pieces, { maxOutputTokens });
    expect(failure).toMatchObject({ code: "model_bad_response" });
  });

  test("whose characters exceed their limit", () => {
    const long = (characters: number) => toEvents([whole("x".repeat(characters))]);
    expect(readText(long(3_200), { maxOutputTokens: 100 }).failure).toBeNull();
    // A reason that came with it ends it all the same.
    expect(readText(long(3_201), { maxOutputTokens: 100 }).failure).toBeNull();
    const endless = `data: ${JSON.stringify(whole("x".repeat(3_201), null))}\n\n`;
    expect(readText(endless, { maxOutputTokens: 100 }).failure).toMatchObject({ code: "model_bad_response" });
  });
});

describe("a complete answer does not change", () => {
  const end = `data: ${JSON.stringify(whole("All of it."))}\n\n`;
  test.each([
    ["a broken event", "data: {\n\n"],
    ["an error", 'data: {"error":{"code":500,"message":"x"}}\n\n'],
    ["another finish reason", `data: ${JSON.stringify(whole("", "content_filter"))}\n\n`],
    ["a line without end", `data: {"a":"${"x".repeat(2_000_000)}`],
  ])("after its end: %s", (_what, behind) => {
    expect(readText(end + behind)).toMatchObject({
      answer: { text: "All of it." },
      failure: null,
      finishReason: "stop",
    });
  });

  test("but a later finish reason may say that it was cut", () => {
    expect(readChunks([whole("a", "stop"), whole("b", "length")]).finishReason).toBe("length");
  });
});
