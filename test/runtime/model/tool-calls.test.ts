import { describe, expect, test } from "vitest";
import { readArguments } from "../../../src/runtime/model/tool-arguments.ts";
import { toolCallsOf } from "../../../src/runtime/model/tool-call-assembly.ts";
import { chunkOf, readChunks } from "./read-answer.ts";

type Piece = Record<string, unknown>;

const called = (name: string, args: unknown, more: Piece = {}): Piece => ({
  ...more,
  function: { name, arguments: args },
});
const more = (args: string, rest: Piece = {}): Piece => ({ ...rest, function: { arguments: args } });

function assemble(chunks: readonly (readonly Piece[])[], finishReason = "tool_calls") {
  const { answer, failure } = readChunks([
    ...chunks.map((tool_calls) => chunkOf({ tool_calls })),
    chunkOf({}, finishReason),
  ]);
  return {
    failure,
    calls: toolCallsOf(answer.calls).map(({ name, argumentsText }) => `${name} ${argumentsText}`),
  };
}

describe("tool calls are assembled", () => {
  test.each<[string, Piece[][], string[]]>([
    [
      "two in turns, by index",
      [
        [called("a", "{", { index: 0, id: "1" }), called("b", "[", { index: 1, id: "2" })],
        [more("}", { index: 0 })],
        [more("]", { index: 1 })],
      ],
      ["a {}", "b []"],
    ],
    [
      "an id that changes in later pieces",
      [[called("a", "{", { index: 0, id: "1" })], [more("}", { index: 0, id: "9" })]],
      ["a {}"],
    ],
    [
      "one id at two indexes",
      [[called("a", "{}", { index: 0, id: "1" })], [called("a", "[]", { index: 1, id: "1" })]],
      ["a {}", "a []"],
    ],
    ["indexes from 1", [[called("a", "{", { index: 1 })], [more("}", { index: 1 })]], ["a {}"]],
    [
      "by id",
      [[called("a", "{", { id: "1" })], [called("b", "{", { id: "2" })], [more("}", { id: "1" })]],
      ["a {}", "b {"],
    ],
    [
      "by place",
      [
        [called("a", "{"), called("b", "{")],
        [more("}"), more("]")],
      ],
      ["a {}", "b {]"],
    ],
    [
      "what names nothing goes on with the last",
      [[called("a", "{}", { id: "1" })], [called("b", "{", { id: "2" })], [more("}")]],
      ["a {}", "b {}"],
    ],
    [
      "whole calls without id and index in chunks of their own",
      [[called("a", '{"q":1}')], [called("a", '{"q":2}')]],
      ['a {"q":1}', 'a {"q":2}'],
    ],
    [
      "two whole calls with one id",
      [[called("a", '{"q":1}', { id: "1" }), called("a", '{"q":2}', { id: "1" })]],
      ['a {"q":1}', 'a {"q":2}'],
    ],
    [
      "a call that comes again whole",
      [[called("a", '{"q":1}', { index: 0, id: "1" })], [called("a", '{"q":1}', { index: 0, id: "1" })]],
      ['a {"q":1}'],
    ],
    [
      "a name in pieces",
      [[called("sea", "", { index: 0 })], [called("rch", "{}", { index: 0 })]],
      ["search {}"],
    ],
    ["name and arguments without their object", [[{ name: "a", arguments: "{}" }]], ["a {}"]],
  ])("%s", (_what, chunks, right) => {
    expect(assemble(chunks)).toEqual({ failure: null, calls: right });
  });

  test("a call that is not in a list, and the old form of a call", () => {
    const single = readChunks([chunkOf({ tool_calls: called("a", "{}") }), chunkOf({}, "tool_calls")]);
    const old = readChunks([
      chunkOf({ function_call: { name: "a", arguments: "{" } }),
      chunkOf({ function_call: { arguments: "}" } }),
      chunkOf({}, "function_call"),
    ]);
    for (const { answer } of [single, old]) {
      expect(toolCallsOf(answer.calls)).toEqual([{ id: "call-1", name: "a", argumentsText: "{}" }]);
    }
  });

  test("with unique ids", () => {
    const { answer } = readChunks([
      chunkOf({
        tool_calls: [called("a", "{}", { index: 0, id: "call-2" }), called("a", "[]", { index: 1 })],
      }),
      chunkOf({ tool_calls: [called("a", "1", { index: 2, id: "call-2" })] }),
      chunkOf({}, "tool_calls"),
    ]);
    expect(new Set(toolCallsOf(answer.calls).map(({ id }) => id)).size).toBe(3);
  });

  test.each<[string, Piece[]]>([
    ["a piece before any call is named", [more("{}", { index: 1, id: "2" })]],
    [
      "more calls than are taken",
      Array.from({ length: 17 }, (_, index) => called("a", "{}", { index, id: `c${index}` })),
    ],
    ["an id that is too long to be sent back", [called("a", "{}", { id: "é".repeat(2_049) })]],
  ])("or refused: %s", (_what, pieces) => {
    expect(assemble([pieces]).failure).toMatchObject({ code: "model_bad_response" });
  });

  test("with 200 characters of a name, however many arrive", () => {
    const pieces = Array.from({ length: 50 }, (_, index) =>
      called(`${index % 10}`.repeat(10), "", { index: 0 }),
    );
    expect(assemble(pieces.map((piece) => [piece])).calls[0]?.trim()).toHaveLength(200);
  });

  test("of an answer that was cut, as far as they arrived", () => {
    const chunks = [[called("a", '{"q":1}', { index: 0 })], [called("a", '{"q', { index: 1 })]];
    expect(assemble(chunks, "length")).toEqual({ failure: null, calls: ['a {"q":1}', 'a {"q'] });
  });

  test.each([
    ["functions.search", "search"],
    ["function.search", "search"],
    ["search<|channel|>commentary", "search"],
    [" search ", "search"],
    ["functions.", "functions."],
  ])("under the name that they mean: %s", (name, plain) => {
    expect(assemble([[called(name, "{}")]]).calls).toEqual([`${plain} {}`]);
  });
});

describe("arguments are read as an object", () => {
  const object = '{"q":"a"}';
  test.each([
    [object, object],
    [JSON.stringify(object), object],
    [JSON.stringify(JSON.stringify(object)), object],
    [`\`\`\`json\n${object}\n\`\`\``, object],
    [`\`\`\`\n${object}\`\`\``, object],
    [`${object}</tool_call>`, object],
    [`${object}}`, object],
    [`${object}${object}`, object],
    [` ${object}\n`, object],
    // Neither of two objects may be dropped, and nothing is guessed.
    [`${object}{"q":"b"}`, `${object}{"q":"b"}`],
    ['{"q": "a', '{"q": "a'],
    ["", ""],
    ["[1]", "[1]"],
    ["null", "null"],
    ["go", "go"],
  ])("%s", (text, right) => {
    expect(readArguments(text)).toBe(right);
  });
});
