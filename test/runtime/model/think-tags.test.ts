import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createThinkFilter } from "../../../src/runtime/model/think-tags.ts";

function filter(pieces: readonly string[], reasoningInText = false) {
  let reasoning = "";
  const think = createThinkFilter({
    reasoningInText,
    onReasoning: (text) => {
      reasoning += text;
    },
  });
  const text = pieces.map((piece) => think.push(piece)).join("") + think.end();
  return { text, reasoning };
}

const forms: [string, string, boolean, text: string, reasoning: string][] = [
  ["a plain text", "hello", false, "hello", ""],
  ["blanks before a plain text", " \n hello", false, " \n hello", ""],
  ["a tag at the beginning", "<think>hm</think>\n\nhello", false, "hello", "hm"],
  ["blanks before the tag", "\n <think>hm</think>hello", false, "hello", "hm"],
  ["two thoughts", "<think>a</think>\n<think>b</think>\nhello", false, "hello", "ab"],
  ["capitals", "<THINK>hm</Think>hello", false, "hello", "hm"],
  ["the longer tag", "<thinking>hm</thinking>hello", false, "hello", "hm"],
  ["a tag that is not closed", "<think>hm </thin", false, "", "hm </thin"],
  ["a tag in the middle", "hello <think>x</think>", false, "hello <think>x</think>", ""],
  ["half a tag", "<thi", false, "<thi", ""],
  ["another tag", "<thin>k", false, "<thin>k", ""],
  ["a lone closing tag of a model that closes alone", "hm</think>\nhello", true, "hello", "hm"],
  ["a lone closing tag of any other model", "hm</think>hello", false, "hm</think>hello", ""],
  ["no tag of a model that closes alone", "hello", true, "hello", ""],
  ["the tag of a model that closes alone", "<think>hm</think>hello", true, "hello", "hm"],
];

describe("reasoning in a text is separated", () => {
  test.each(forms)("%s", (_what, whole, inText, text, reasoning) => {
    expect(filter([whole], inText)).toEqual({ text, reasoning });
  });

  test("for any pieces", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...forms),
        fc.array(fc.nat(30)),
        ([, whole, inText, text, reasoning], cuts) => {
          const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length].toSorted(
            (a, b) => a - b,
          );
          const pieces = places.slice(1).map((place, index) => whole.slice(places[index], place));
          expect(filter(pieces, inText)).toEqual({ text, reasoning });
        },
      ),
    );
  });

  test("a text whose reasoning may end later is held back for 64 KiB at most", () => {
    const think = createThinkFilter({ reasoningInText: true, onReasoning: () => undefined });
    expect(think.push("a".repeat(60_000))).toBe("");
    expect(think.push("b".repeat(6_000))).toHaveLength(66_000);
  });
});
