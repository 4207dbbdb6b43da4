import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTags } from "../../../src/domain/plan/tags.ts";
import { maskLiteralText } from "../../../src/domain/text/literal-text.ts";
import { afterLeadingTags, findTags } from "../../../src/domain/text/tag-grammar.ts";
import tagCases from "../../cases/tags.json";
import { measureCpuMs } from "../../support/cpu-time.ts";

test.each(tagCases.cases)("of %j", ({ message, expect: keys }) => {
  expect(readTags(message, tagCases.keys).agentKeys).toEqual(keys);
});

/** Message, and the keys of ada, linus and ana that it tags. */
const readings: [message: string, keys: string[]][] = [
  // Code.
  ["`@ada` and ``a ` @ada`` and @linus", ["linus"]],
  ["a lone ` and @ada", ["ada"]],
  ["``unequal @ada` runs", ["ada"]],
  ["\\`@ada\\` and `@linus`", ["ada"]],
  ["`a span\nover @ada lines`", []],
  ["`no span\n\nover a @ada paragraph`", ["ada"]],
  ["~~~\n@ada\n```\n@ada\n~~~\n@linus", ["linus"]],
  ["````\n```\n@ada\n```\n````\n@linus", ["linus"]],
  ["```\r\n@ada\r\n```\r\n@linus", ["linus"]],
  ["```\n@ada, of a fence that is never closed", []],
  ["- a list:\n    ```\n    @ada\n    ```\n  @linus", ["linus"]],
  ["```one line``` @ada", ["ada"]],
  // Quoted lines.
  ["> @ada\n>> @ada\n  > @ada\n@linus", ["linus"]],
  ["> ```\n@ada", ["ada"]],
  ["1 > 0, says @ada", ["ada"]],
  // URLs.
  ["www.example.com/@ada example.com/@ada http://x.org?q=@ada @linus", ["linus"]],
  ["[the text](https://medium.com/@ada) (see https://medium.com/(a)/@ada), @linus", ["linus"]],
  ["<https://medium.com/@ada>@linus", ["linus"]],
  ["看https://example.com/路径/@ada，@linus", ["linus"]],
  ["看https://example.com吧@linus", ["linus"]],
  ["HTTPS://EXAMPLE.COM/@ada", []],
  ["@ada/@linus", ["ada", "linus"]],
  // Words.
  ["joe@ada.com, joe_@ada.com, josé@ada, jose\u0301@ada, 7@ada", []],
  ["\\@ada and \\\\@ada", []],
  ["@anaïs @anaϊs @anaя @ana\u0308is @ada-ñ @linus7é", []],
  ["❤️@ada 👍@linus", ["ada", "linus"]],
  ["@ada님 そして@linusは 和@ana。", ["ada", "linus", "ana"]],
  ["か\u3099@ada", ["ada"]],
  ["@adaفقط", ["ada"]],
  // Emphasis.
  ["***@ada*** ~~@linus~~", ["ada", "linus"]],
  ["(_@ada_) __@linus__", ["ada", "linus"]],
  ["_ask @ada_ or *_@linus_*", ["ada", "linus"]],
  ["_@ada is never closed", []],
  ["snake_@ada_case and joe_@ada_", []],
  ["_@ada and the line ends\nthere_", []],
];

test.each(readings)("of %j", (message, keys) => {
  expect(readTags(message, ["ada", "linus", "ana"]).agentKeys).toEqual(keys);
});

/** A message, and its text after the leading tags. */
const leading: [message: string, rest: string][] = [
  ["search: x", "search: x"],
  ["@ada search: x", "search: x"],
  ["  @ada, @linus: search: x", "search: x"],
  ["**@ada** _@linus_ search: x", "search: x"],
  ["@ada、search: x", "search: x"],
  ["`@ada` search: x", "`@ada` search: x"],
  ["> @ada\nsearch: x", "> @ada\nsearch: x"],
  ["\\@ada search: x", "\\@ada search: x"],
  ["hello @ada search: x", "hello @ada search: x"],
  ["@anaïs search: x", "@anaïs search: x"],
  ["@ada", "@ada"],
];

test.each(leading)("what follows the leading tags of %j", (message, rest) => {
  expect(afterLeadingTags(message)).toBe(rest);
});

describe("any message", () => {
  const piece = fc.oneof(
    fc.constantFrom("`", "``", "```", "~~~", "\n", "\r\n", "> ", "\\", "_", "*", "(", ")", "[", "]", " "),
    fc.constantFrom("https://", "www.", "a.com/", "@ada", "@", "é", "\u0301", "你", "👩‍💻", "-"),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  const message = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));

  test("keeps its length where literal text is masked, and a second masking changes nothing", () => {
    fc.assert(
      fc.property(message, (text) => {
        const masked = maskLiteralText(text);
        expect(masked).toHaveLength(text.length);
        expect(findTags(masked).length).toBeLessThanOrEqual(findTags(text).length);
      }),
    );
  });

  test("has its tags at the given positions, in order", () => {
    fc.assert(
      fc.property(message, (text) => {
        let before = 0;
        for (const { written, stemLength, start, end } of findTags(text)) {
          expect(text.slice(start, end)).toBe(`@${written}`);
          expect(stemLength).toBeLessThanOrEqual(written.length);
          expect(start).toBeGreaterThanOrEqual(before);
          before = end;
        }
        expect(text.endsWith(afterLeadingTags(text))).toBe(true);
      }),
    );
  });
});

const unclosedRuns = Array.from({ length: 240 }, (_, index) => "`".repeat(index + 1)).join(" ");

/** Each takes quadratic time where a reader looks at one place again and again. */
const hostile = {
  backticks: "`".repeat(32_000),
  "lone backticks": "` ".repeat(16_000),
  "runs that nothing closes": unclosedRuns,
  "escaped backticks": "\\`".repeat(16_000),
  "paragraphs of lone backticks": "`\n\n".repeat(10_000),
  underscores: "_".repeat(32_000),
  "emphasised signs": "_*@".repeat(10_000),
  "stars before a sign": `${"*_".repeat(15_999)}@a`,
  marks: `${"\u0301".repeat(31_990)}@ada`,
  signs: "@".repeat(32_000),
  "one endless key": `@${"a-".repeat(15_999)}é`,
  domains: "a.".repeat(16_000),
  "domains with digits": "a.b1.".repeat(6_400),
  schemes: "a://)".repeat(6_400),
  brackets: `https://${"(".repeat(31_000)}@ada`,
  slashes: "a.com/@a".repeat(4_000),
  lines: "\n".repeat(32_000),
  blanks: " ".repeat(32_000),
  "blanks and signs": "  @".repeat(10_000),
  quotes: "> @ada\n".repeat(4_500),
  tildes: "~~~\n".repeat(8_000),
};

test.each(Object.entries(hostile))("128,000 characters of %s are read in linear time", (_, text) => {
  const long = text.repeat(4);
  const cpuMs = measureCpuMs(() => {
    readTags(long, ["ada"]);
    afterLeadingTags(long);
  });
  // Linear it takes some 50 ms, quadratic more than 10 s.
  expect(cpuMs).toBeLessThan(2_000);
});
