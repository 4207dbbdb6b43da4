import { expect, test } from "vitest";
import {
  learnTokenScale,
  scaleAfterRefusal,
  scaleAfterTooLong,
} from "../../../src/domain/context/token-scale.ts";

const count = (countedTokens: number, tokenScale = 1.25) => ({
  tokenScale,
  estimatedTokens: 1_250,
  countedTokens,
});

test.each([
  ["no count", [], 1.25],
  ["counts of nothing", [count(0), { ...count(5), estimatedTokens: 0 }], 1.25],
  ["one count", [count(1_500)], 1.5],
  ["two counts", [count(1_000), count(2_000)], 1.5],
  [
    "one odd count among five",
    [count(1_100), count(1_000), count(9_999_999), count(1_200), count(1_150)],
    1.15,
  ],
  ["next to nothing", [count(1)], 0.7],
  ["more than a prompt can have", [count(9_999_999)], 3],
])("the scale of %s is learnt", (_, counts, scale) => {
  expect(learnTokenScale(counts)).toBeCloseTo(scale, 9);
});

test("a prompt refused as too long raises the scale by a third, or to the count that the provider names", () => {
  const sent = { tokenScale: 1, estimatedTokens: 1_000 };
  expect(scaleAfterTooLong(sent, null)).toBe(1.3);
  expect(scaleAfterTooLong(sent, 2_000)).toBe(2);
  expect(scaleAfterTooLong({ ...sent, tokenScale: 2.9 }, null)).toBe(3);
  expect(scaleAfterTooLong(sent, 9_999_999)).toBe(3);
});

test("a prompt refused as too long never lowers the scale, whatever count the provider names", () => {
  const sent = { tokenScale: 1, estimatedTokens: 1_000 };
  expect(scaleAfterTooLong(sent, 900)).toBe(1.3);
  expect(scaleAfterTooLong({ ...sent, estimatedTokens: 0 }, 900)).toBe(1.3);
});

test("a turn that Pantheon refuses halves the scale's distance to 1", () => {
  expect([3, 1.25, 1, 0.7].map(scaleAfterRefusal)).toEqual([2, 1.125, 1, 0.85]);
});
