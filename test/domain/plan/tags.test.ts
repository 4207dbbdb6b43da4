import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTags } from "../../../src/domain/plan/tags.ts";
import { measureCpuMs } from "../../support/cpu-time.ts";

const room = ["Ada", "bob", "data-team", "c-", "__proto__"];

/** Message, keys it tags, tags that name nobody. */
const readings: [message: string, agentKeys: string[], unknownTags: string[]][] = [
  ["hello", [], []],
  ["@ada hello", ["Ada"], []],
  ["@ADA and @aDa", ["Ada"], []],
  ["first @bob, then @ada, then @bob again", ["bob", "Ada"], []],
  ["write to me@ada.com or ada@bob", [], []],
  ["ünï@ada and 7@ada and _@ada and .@ada and -@ada", [], []],
  ["@@ada", [], []],
  ["@ada@bob", ["Ada"], []],
  ["(@ada) [@bob] \n@data-team!", ["Ada", "bob", "data-team"], []],
  ["@ada. @bob, fine", ["Ada", "bob"], []],
  ["@ada- @bob-- @data-team-", ["Ada", "bob", "data-team"], []],
  ["@c- and @c-- but @c", ["c-"], ["c"]],
  ["@ada_ @adam @data", [], ["ada_", "adam", "data"]],
  ["@ada's idea", ["Ada"], []],
  ["@__proto__ @constructor @toString", ["__proto__"], ["constructor", "toString"]],
  ["@nobody @NOBODY- @ada", ["Ada"], ["nobody"]],
  ["@ada, @--", ["Ada"], ["--"]],
  ["an @ alone, and @. and @,", [], []],
  ["＠ada @аda", [], []],
];

describe("the tags of a message", () => {
  test.each(readings)("%j", (message, agentKeys, unknownTags) => {
    expect(readTags(message, room)).toEqual({ agentKeys, unknownTags });
  });

  test("a message that is one endless tag is read in linear time", () => {
    const cpuMs = measureCpuMs(() => {
      readTags(`@${"-".repeat(31_998)}a`, room);
      readTags(`@a${"-".repeat(31_998)}`, room);
    });
    expect(cpuMs).toBeLessThan(250);
  });
});

const key = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/);
const noise = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("@", "-", ".", ",", " ", "é", "@ ", " @"),
);

describe("any message", () => {
  test("has only tags of the room's agents, each once", () => {
    const words = fc.array(
      fc.oneof(
        noise,
        key,
        key.map((k) => ` @${k}`),
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(words, fc.uniqueArray(key, { selector: (k) => k.toLowerCase() }), (parts, keys) => {
        const { agentKeys, unknownTags } = readTags(parts.join(""), keys);
        expect(keys).toEqual(expect.arrayContaining(agentKeys));
        expect(new Set(agentKeys).size).toBe(agentKeys.length);
        expect(new Set(unknownTags.map((tag) => tag.toLowerCase())).size).toBe(unknownTags.length);
      }),
    );
  });

  test("has its tags in the order of first mention", () => {
    const plainKey = fc.stringMatching(/^[a-z0-9_]{1,6}$/);
    const roster = fc.uniqueArray(plainKey, { minLength: 1, maxLength: 12 });
    const mentions = roster.chain((keys) =>
      fc.tuple(fc.constant(keys), fc.array(fc.constantFrom(...keys), { maxLength: 20 })),
    );
    fc.assert(
      fc.property(mentions, ([keys, mentioned]) => {
        const message = mentioned.map((k) => `so @${k.toUpperCase()}, ok`).join(" ");
        expect(readTags(message, keys)).toEqual({ agentKeys: [...new Set(mentioned)], unknownTags: [] });
      }),
    );
  });
});
