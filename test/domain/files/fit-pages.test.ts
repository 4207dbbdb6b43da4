import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { estimateTokens } from "../../../src/domain/context/token-estimate.ts";
import { fitPages } from "../../../src/domain/files/fit-pages.ts";
import { jsonBytes } from "../../../src/domain/text/json-bytes.ts";

const toPages = (texts: readonly string[]) =>
  texts.map((text, index) => ({ page: index + 1, text, tokens: estimateTokens(text) }));
const fitTexts = (texts: readonly string[], tokens: number, bytes = 1_000_000) =>
  fitPages(toPages(texts), { tokens, bytes }, estimateTokens);

test("pages are whole while they fit", () => {
  const texts = ["one two three", "four five six", "seven eight nine"];
  expect(fitTexts(texts, 9)).toEqual({
    shown: [
      { page: 1, text: "one two three" },
      { page: 2, text: "four five six" },
    ],
    tokens: estimateTokens("one two three") + estimateTokens("four five six"),
  });
  expect(fitTexts([], 100)).toEqual({ shown: [], tokens: 0 });
  expect(fitTexts(["", ""], 100).shown).toHaveLength(2);
});

describe("a first page that is too long is cut", () => {
  test.each([
    [
      "at a sentence",
      "One sentence. Two sentences! And a third one that is long",
      10,
      /^One sentence\.( Two sentences!)?$/,
    ],
    ["at a line", "First line\nsecond line goes on and on and on", 5, /^First line\n$/],
    ["at a word", "these are words without any end of a sentence", 4, /^these are \w+$/],
    ["at a Japanese sentence", "本契約は終了する。本契約は更新されるものとし", 12, /^本契約は終了する。$/],
    ["between characters", "x".repeat(500), 20, /^x+$/],
  ])("%s", (_where, text, tokens, expected) => {
    const { shown, tokens: used } = fitTexts([text, "next"], tokens);
    expect(shown).toEqual([{ page: 1, text: expect.stringMatching(expected), cut: true }]);
    expect(used).toBeLessThanOrEqual(tokens);
  });

  test("by bytes as well, also where each character takes many", () => {
    const { shown } = fitTexts(['"\\\n'.repeat(5_000)], 1_000_000, 2_000);
    expect(shown[0]?.cut).toBe(true);
    expect(jsonBytes(JSON.stringify(shown))).toBeLessThanOrEqual(2_000);
  });
});

test("no pages take more than there is room for", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme", maxLength: 600 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 100, max: 900 }),
      fc.integer({ min: 300, max: 3_000 }),
      (texts, tokens, bytes) => {
        const { shown, tokens: used } = fitTexts(texts, tokens, bytes);
        expect(used).toBeLessThanOrEqual(tokens);
        expect(jsonBytes(JSON.stringify(shown))).toBeLessThanOrEqual(bytes);
        expect(shown.length).toBeGreaterThan(0);
      },
    ),
  );
});
