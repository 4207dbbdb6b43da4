import fc from "fast-check";
import { expect, test } from "vitest";
import { cutPassage, passageCharacters } from "../../../src/domain/files/passage.ts";
import { measureCpuMs } from "../../support/cpu-time.ts";

const filler = "lorem ipsum ".repeat(100);

test("has the part of the text with the most words, cut between words", () => {
  const passage = cutPassage(`${filler} one ${filler} one and two ${filler}`, ["one", "two"]);
  expect(passage).toContain("one and two");
  expect(passage.length).toBeLessThanOrEqual(passageCharacters);
  expect(passage).toMatch(/^(lorem|ipsum) .* (lorem|ipsum)$/);
});

test("is the beginning of a text that has none of the words", () => {
  expect(cutPassage(`Start here. ${filler}`, ["absent"])).toMatch(/^Start here\. lorem/);
  expect(cutPassage("short\n\ntext", [])).toBe("short text");
  expect(cutPassage("", ["a"])).toBe("");
});

test("takes words as they are written", () => {
  expect(cutPassage(`${filler} a.b(c ${filler}`, ["a.b(c", "*", "\\"])).toContain("a.b(c");
});

test("of any text is short and well-formed, and takes linear time", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 2_000 }), fc.array(fc.string()), (text, words) => {
      const passage = cutPassage(
        text,
        words.filter((word) => word !== ""),
      );
      expect(passage.length).toBeLessThanOrEqual(passageCharacters);
      expect(passage.isWellFormed()).toBe(true);
    }),
  );
  const cpuMs = measureCpuMs(() => {
    cutPassage("a ".repeat(50_000), ["a", "aa"]);
    cutPassage("a".repeat(100_000), ["ab"]);
  });
  expect(cpuMs).toBeLessThan(1_000);
});
