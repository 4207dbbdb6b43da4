import fc from "fast-check";
import { expect, test } from "vitest";
import { cutJsonBytes, jsonBytes } from "../../../src/domain/text/json-bytes.ts";

test("counts the bytes of a value as JSON, not its characters", () => {
  expect(jsonBytes("abc")).toBe(5);
  expect(jsonBytes("日本語")).toBe(11);
  expect(jsonBytes("\u0001\u0002")).toBe(14);
  expect(jsonBytes('"\\\n')).toBe(8);
  expect(jsonBytes("\ud800")).toBe(8);
});

test("a value nested too deep to be written has an infinite size", () => {
  let deep: unknown[] = [];
  for (let level = 0; level < 100_000; level += 1) deep = [deep];
  expect(jsonBytes(deep)).toBe(Number.POSITIVE_INFINITY);
});

test("a cut text is the longest beginning that fits, and no character is cut in two", () => {
  const anyText = fc.string({ unit: fc.constantFrom("a", "語", "\u0001", "😀", '"', "\n"), maxLength: 40 });
  fc.assert(
    fc.property(anyText, fc.integer({ min: 2, max: 120 }), (text, maxBytes) => {
      const cut = cutJsonBytes(text, maxBytes);
      const [next = ""] = [...text.slice(cut.length)];
      expect(text.startsWith(cut)).toBe(true);
      expect(jsonBytes(cut)).toBeLessThanOrEqual(maxBytes);
      expect(next === "" || jsonBytes(cut + next) > maxBytes).toBe(true);
    }),
  );
});
