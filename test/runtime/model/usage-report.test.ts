import { describe, expect, test } from "vitest";
import { joinReports, readUsage, toTokenUsage } from "../../../src/runtime/model/usage-report.ts";

const read = (usage: unknown) => readUsage({ usage }, null);
const count = (usage: object, hasReasoning = false) => {
  const report = read(usage);
  return report === null ? null : toTokenUsage(report, hasReasoning);
};

describe("a report of usage", () => {
  test.each([
    ["no figures", {}],
    ["words", { prompt_tokens: "many", completion_tokens: 3 }],
    ["no prompt", { prompt_tokens: 0, completion_tokens: 3 }],
    ["a negative number", { prompt_tokens: 12, completion_tokens: -3 }],
    ["a fraction", { prompt_tokens: 1.5, completion_tokens: 3 }],
    ["more than any call has", { prompt_tokens: 100_000_001, completion_tokens: 3 }],
    ["a negative number of cached tokens", { prompt_tokens: 5, completion_tokens: 3, cached_tokens: -1 }],
  ])("with %s is ignored", (_what, usage) => {
    expect(read(usage)).toBeNull();
  });

  test.each([null, 7, "usage", [], true])("that is %j is ignored", (usage) => {
    expect(read(usage)).toBeNull();
  });

  const usage = { prompt_tokens: 9, completion_tokens: 2 };
  test.each([
    ["in the chunk", { usage }, null],
    ["in its choice", {}, { usage }],
    ["in a field of its provider's", { x_groq: { usage } }, null],
    ["in a choice, where the chunk's is nothing", { usage: null }, { usage }],
  ])("is read %s", (_place, chunk, choice) => {
    expect(readUsage(chunk, choice)).toMatchObject({ prompt: 9, completion: 2 });
  });

  test.each([
    ["free", 0, 0],
    ["a number", 0.1, 0.1],
    ["a number as text", "0.1", 0.1],
    ["negative", -1, null],
    ["not said", undefined, null],
    ["a word", "free", null],
  ])("has a cost that is %s", (_what, cost, costUsd) => {
    expect(read({ ...usage, cost })?.costUsd).toBe(costUsd);
  });
});

describe("the usage in the ledger", () => {
  test.each<[string, object, boolean, { fresh: number; cached: number; output: number }]>([
    [
      "all of it",
      { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
      false,
      { fresh: 9, cached: 0, output: 2 },
    ],
    [
      "reasoning inside",
      {
        prompt_tokens: 9,
        completion_tokens: 8,
        total_tokens: 17,
        completion_tokens_details: { reasoning_tokens: 6 },
      },
      false,
      { fresh: 9, cached: 0, output: 8 },
    ],
    [
      "reasoning that was seen, outside",
      { prompt_tokens: 9, completion_tokens: 2, total_tokens: 18 },
      true,
      { fresh: 9, cached: 0, output: 9 },
    ],
    [
      "a total that nothing explains",
      { prompt_tokens: 9, completion_tokens: 2, total_tokens: 18 },
      false,
      { fresh: 9, cached: 0, output: 2 },
    ],
    [
      "cached inside",
      { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11, cached_tokens: 4 },
      false,
      { fresh: 5, cached: 4, output: 2 },
    ],
    [
      "more cached than prompted",
      { prompt_tokens: 9, completion_tokens: 2, cache_read_input_tokens: 20 },
      false,
      { fresh: 9, cached: 20, output: 2 },
    ],
    [
      "cached beside, with reasoning",
      { prompt_tokens: 9, completion_tokens: 2, total_tokens: 61, cached_tokens: 20, reasoning_tokens: 30 },
      false,
      { fresh: 9, cached: 20, output: 32 },
    ],
    [
      "a name of the cache without a number",
      {
        prompt_tokens: 9,
        completion_tokens: 2,
        prompt_tokens_details: { cached_tokens: 0 },
        prompt_cache_hit_tokens: 4,
      },
      false,
      { fresh: 5, cached: 4, output: 2 },
    ],
  ])("%s", (_what, usage, hasReasoning, right) => {
    expect(count(usage, hasReasoning)).toEqual(right);
  });

  test("has the larger number of each field where usage is reported twice", () => {
    const first = read({ prompt_tokens: 9, completion_tokens: 8, cost: 0.2 });
    const second = read({ prompt_tokens: 10, completion_tokens: 2, cached_tokens: 3 });
    expect(joinReports(first, second)).toMatchObject({ prompt: 10, completion: 8, cached: 3, costUsd: 0.2 });
    expect(joinReports(first, null)).toBe(first);
    expect(joinReports(null, second)).toBe(second);
  });

  const low = { prompt: 5, completion: 5, total: 5, cached: 5, reasoning: 5, costUsd: 5 };
  test.each(Object.keys(low))("has the larger %s, whichever report comes last", (field) => {
    const high = { ...low, [field]: 6 };
    expect(joinReports(low, high)).toEqual(high);
    expect(joinReports(high, low)).toEqual(high);
  });
});
