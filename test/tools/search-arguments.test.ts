import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSearchTool } from "../../src/tools/search.ts";

const tool = createSearchTool({ apiKey: undefined, baseUrl: "http://127.0.0.1:1", fetch, now: () => 0 });

/** A message and the query it asks for by its prefix; null: it does not. */
const triggers: [message: string, query: string | null][] = [
  ["search: edge runtimes", "edge runtimes"],
  ["search for edge runtimes", "edge runtimes"],
  ["SEARCH: x", "x"],
  ["Search For x", "x"],
  ["search:x", "x"],
  ["search  for  x", "x"],
  ["  \n search: x \n", "x"],
  ["search: two\nlines\tand tabs", "two lines and tabs"],
  ["@ada search: x", "x"],
  ["@ada search for x", "x"],
  ["@ada @grace @nobody search: x", "x"],
  ["@ada, @data-team: search: x", "x"],
  ["@ada,@grace search: x", "x"],
  ["@ada\nsearch: x", "x"],
  ["@ada- search: x", "x"],
  ["@search search: x", "x"],
  ["@ada search: @grace and me@example.com", "@grace and me@example.com"],
  ["search: search: x", "search: x"],
  ["search: for x", "for x"],
  ["search:", null],
  ["search: ", null],
  ["search: \u0000\u200b", null],
  ["search for", null],
  ["search for ", null],
  ["search for: x", null],
  ["search forever", null],
  ["search x", null],
  ["searching: x", null],
  ["research: x", null],
  ["please search: x", null],
  ["@ada please search: x", null],
  ["@search: x", null],
  ["@adasearch: x", null],
  ["me@example.com search: x", null],
  ["@ada@grace search: x", null],
  ["@ada.@grace search: x", null],
  ["@ search: x", null],
  ["＠ada search: x", null],
  ["", null],
];

describe("the prefix of a message", () => {
  test.each(triggers)("%j", (message, query) => {
    expect(tool.readTrigger(message)).toEqual(query === null ? null : { query });
  });

  test("is read the same every time", () => {
    expect([1, 2, 3].map(() => tool.readTrigger("search: x"))).toEqual([1, 2, 3].map(() => ({ query: "x" })));
  });

  test("a query is cut at 400 characters, never inside a character", () => {
    expect(tool.readTrigger(`search: ${"😀".repeat(500)}`)).toEqual({ query: "😀".repeat(400) });
  });

  test("is read in linear time from any message", () => {
    const startedMs = performance.now();
    for (const unit of ["@a ", "@a", " ", "@a.", "@", "-", "@-", "search: @a ", "\u200b", "search "]) {
      tool.readTrigger(unit.repeat(32_000 / unit.length));
      tool.readTrigger(`@ada ${unit.repeat(31_990 / unit.length)}`);
      tool.readTrigger(`search: ${unit.repeat(31_990 / unit.length)}`);
    }
    // Where time grows with the square of the length this takes half a minute.
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});

const taken: [what: string, text: string, query: string][] = [
  ["a query", '{"query":"x"}', "x"],
  ["white space", ' {"query":"  x  y  "} ', "x y"],
  ["a code fence", '```json\n{"query":"x"}\n```', "x"],
  ["an object in a list", '[{"query":"x"}]', "x"],
  ["unknown fields", '{"query":"x","max_results":50,"search_depth":"advanced","nested":{"a":[1]}}', "x"],
  ["control characters", '{"query":"a\\u0000b\\nc\\ud800"}', "a b c\ufffd"],
  ["a long query", `{"query":"${"q".repeat(1_000)}"}`, "q".repeat(400)],
];

const refused: [what: string, text: string, message: RegExp][] = [
  ["nothing", "", /JSON object/],
  ["words", "edge runtimes", /JSON object/],
  ["broken JSON", "{query: x}", /JSON object/],
  ["a string", '"x"', /JSON object/],
  ["null", "null", /JSON object/],
  ["an empty list", "[]", /JSON object/],
  ["deep nesting", "[".repeat(16_000), /JSON object/],
  ["no query", "{}", /must be a string/],
  ["a query of null", '{"query":null}', /must be a string/],
  ["a query that is a number", '{"query":7}', /must be a string/],
  ["a query that is a list", '{"query":["x"]}', /must be a string/],
  ["a query of the prototype", '{"__proto__":{"query":"x"}}', /must be a string/],
  ["an empty query", '{"query":""}', /must not be empty/],
  ["an invisible query", '{"query":" \\n\\u0000\\u200b"}', /must not be empty/],
  ["too much", `{"query":"x","pad":"${"p".repeat(20_000)}"}`, /too long/],
];

describe("the arguments of a model", () => {
  test.each(taken)("with %s are accepted", (_what, text, query) => {
    // As JSON, for a lone surrogate in a failure breaks the report.
    expect(JSON.stringify(tool.readArguments(text))).toBe(JSON.stringify({ ok: true, args: { query } }));
  });

  test.each(refused)("that are or have %s are refused with a reason", (_what, text, message) => {
    expect(tool.readArguments(text)).toEqual({ ok: false, message: expect.stringMatching(message) });
  });

  test("of any form never throw, and stay within their limits", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json({ maxDepth: 2 }),
      fc.string({ unit: "binary", maxLength: 500 }).map((query) => JSON.stringify({ query })),
    );
    fc.assert(
      fc.property(text, (argumentsText) => {
        const reading = tool.readArguments(argumentsText);
        const query = reading.ok ? reading.args.query : "refused";
        expect(query).toBe(query.trim());
        expect(query).not.toMatch(/[\p{Cc}\n]/u);
        expect(query.isWellFormed()).toBe(true);
        expect([...query].length).toBeGreaterThan(0);
        expect([...query].length).toBeLessThanOrEqual(400);
      }),
      { numRuns: 100 },
    );
  });

  test("made from a trigger are read back unchanged", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 900 }), (words) => {
        const args = tool.readTrigger(`search: ${words}`);
        fc.pre(args !== null);
        expect(tool.readArguments(JSON.stringify(args))).toEqual({ ok: true, args });
      }),
    );
  });
});
