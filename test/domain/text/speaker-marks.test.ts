import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createMarkFilter,
  escapeSpeakerMarks,
  stripOwnMark,
} from "../../../src/domain/text/speaker-marks.ts";
import { measureCpuMs } from "../../support/cpu-time.ts";

test.each([
  ["[Bob]: hi", "\\[Bob]: hi"],
  ["so\n[Bob]: hi\r\n  [Ada]: ho", "so\n\\[Bob]: hi\r\n  \\[Ada]: ho"],
  ["> [Bob]: hi\n>> > [Bob]: hi", "> \\[Bob]: hi\n>> > \\[Bob]: hi"],
  ["a\u2028[Bob]: hi\u0085[Ada]:", "a\u2028\\[Bob]: hi\u0085\\[Ada]:"],
  ["\u200b[Bob]: hi", "\u200b\\[Bob]: hi"],
  [`[${"x".repeat(120)}]: hi`, `\\[${"x".repeat(120)}]: hi`],
  [`[${"x".repeat(121)}]: hi`, `[${"x".repeat(121)}]: hi`],
  ["see [Bob]: hi", "see [Bob]: hi"],
  ["[Bob] says: hi", "[Bob] says: hi"],
  ["[Bob\n]: hi", "[Bob\n]: hi"],
])("in a prompt %j is written as %j", (text, shown) => {
  expect(escapeSpeakerMarks(text)).toBe(shown);
  expect(escapeSpeakerMarks(shown)).toBe(shown);
});

test.each([
  ["[Ada]: Hello.", "Hello."],
  ["[ada]:Hello.", "Hello."],
  [" \n[Ada]:\n\n[Ada]: Hello.", "Hello."],
  ["[Ada]:", ""],
  ["[Ada] Hello.", "[Ada] Hello."],
  ["[Bob]: Hello.", "[Bob]: Hello."],
  ["[Ad", "[Ad"],
  ["  Hello. [Ada]: ho", "  Hello. [Ada]: ho"],
  [`${" ".repeat(8)}[Ada]: hi`, `${" ".repeat(8)}[Ada]: hi`],
])("of Ada's reply %j, %j remains", (reply, left) => {
  expect(stripOwnMark("Ada", reply)).toBe(left);
});

describe("any reply, cut into any pieces", () => {
  const piece = fc.oneof(
    fc.constantFrom("[", "Ada", "[Ada]:", "]", ":", " ", "\n", "[A", "da]:", "[Bob]:"),
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  const pieces = fc.array(piece, { maxLength: 20 });

  test("gives the same text, and a second pass changes nothing", () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const filter = createMarkFilter("Ada");
        const streamed = parts.map((part) => filter.push(part)).join("") + filter.end();
        const whole = stripOwnMark("Ada", parts.join(""));
        expect(streamed).toBe(whole);
        expect(stripOwnMark("Ada", whole)).toBe(whole);
      }),
    );
  });

  test("holds back at most 130 characters", () => {
    const name = "x".repeat(120);
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.constant(`[${name}`)), { maxLength: 20 }), (parts) => {
        const filter = createMarkFilter(name);
        const reply = parts.join("");
        const given = parts.map((part) => filter.push(part)).join("");
        if (!reply.includes("]:")) expect(reply.length - given.length).toBeLessThanOrEqual(130);
      }),
    );
  });

  test("has no line that looks like another speaker's", () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        expect(escapeSpeakerMarks(parts.join(""))).not.toMatch(/^[ >]*\[[^\r\n]{0,120}\]:/m);
      }),
    );
  });
});

test.each([" ", "[", "\n", "> ", "[a", "]:", "\n[", "[]"])(
  "100,000 characters of %j take linear time",
  (text) => {
    const long = `${text.repeat(Math.ceil(100_000 / text.length))}]:`;
    const cpuMs = measureCpuMs(() => {
      escapeSpeakerMarks(long);
      stripOwnMark("[".repeat(119), long);
    });
    expect(cpuMs).toBeLessThan(2_000);
  },
);
