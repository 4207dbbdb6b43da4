import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addProviderFields,
  keepAnswerFields,
  maxAnswerFieldBytes,
  type ProviderFields,
} from "../../../src/domain/context/provider-fields.ts";

function join(...pieces: Record<string, unknown>[]): ProviderFields {
  const fields: ProviderFields = {};
  for (const piece of pieces) addProviderFields(fields, piece);
  return fields;
}

describe("fields that a provider sends in pieces", () => {
  test.each<[string, Record<string, unknown>[], ProviderFields]>([
    ["strings are joined", [{ reasoning: "ha" }, { reasoning: "ha" }], { reasoning: "haha" }],
    [
      "lists are concatenated",
      [{ reasoning_details: [{ text: "a" }] }, { reasoning_details: [{ text: "b" }] }],
      { reasoning_details: [{ text: "a" }, { text: "b" }] },
    ],
    [
      "objects are merged",
      [{ extra_content: { google: { thought_signature: "S" } } }, { extra_content: { google: { n: 1 } } }],
      { extra_content: { google: { thought_signature: "S", n: 1 } } },
    ],
    [
      "what an object repeats is kept once",
      [{ extra_content: { google: { s: "SIG" } } }, { extra_content: { google: { s: "SIG" } } }],
      { extra_content: { google: { s: "SIG" } } },
    ],
    [
      "null says nothing",
      [{ reasoning_content: "a" }, { reasoning_content: null }],
      { reasoning_content: "a" },
    ],
    ["a change of kind takes the last", [{ reasoning: "a" }, { reasoning: ["b"] }], { reasoning: ["b"] }],
    ["other fields are not taken", [{ content: "a", role: "assistant", toString: "b" }], {}],
  ])("%s", (_, pieces, whole) => {
    expect(join(...pieces)).toEqual(whole);
  });

  test("change no object but their own", () => {
    const hostile = JSON.parse('{"extra_content":{"__proto__":{"polluted":true},"constructor":{"x":1}}}');
    join(hostile, hostile, { extra_content: { a: 1 } });
    expect({}).not.toHaveProperty("polluted");
    expect(Object).not.toHaveProperty("x");
  });

  test("are complete however a text is cut, and never throw", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.jsonValue()), (texts, values) => {
        expect(join(...texts.map((text) => ({ reasoning_content: text }))).reasoning_content ?? "").toBe(
          texts.join(""),
        );
        join(...values.map((value) => ({ extra_content: value, thinking_blocks: value })));
      }),
    );
  });
});

describe("the fields of a complete answer", () => {
  test("are none where neither the message nor a call has any", () => {
    expect(keepAnswerFields({ message: {}, calls: [{}, {}] })).toBeNull();
  });

  test("are kept up to their limit, and dropped completely above it", () => {
    const overhead = JSON.stringify({ message: { reasoning: "" }, calls: [] }).length;
    const fits = { message: { reasoning: "x".repeat(maxAnswerFieldBytes - overhead) }, calls: [] };
    expect(keepAnswerFields(fits)).toBe(fits);
    expect(keepAnswerFields({ ...fits, message: { reasoning: `${fits.message.reasoning}x` } })).toBeNull();
  });

  test("are dropped where they are nested too deep to be written", () => {
    const deep = JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);
    expect(keepAnswerFields({ message: { reasoning_details: deep }, calls: [] })).toBeNull();
  });
});
