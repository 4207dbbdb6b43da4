import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildCatalog, standardModels } from "../../../src/domain/catalog.ts";
import {
  historyCharacters,
  planAgentBudget,
  planContextBudget,
} from "../../../src/domain/context/context-budget.ts";

describe("the budget of a window", () => {
  test.each([
    [131_072, 2_048, { outputReserve: 2_048, overheadReserve: 6_553, inputBudget: 122_471 }],
    [8_192, 2_048, { outputReserve: 1_638, overheadReserve: 1_024, inputBudget: 5_530 }],
    [1_048_576, 2_048, { outputReserve: 2_048, overheadReserve: 52_428, inputBudget: 994_100 }],
    [2_048, 2_048, { outputReserve: 409, overheadReserve: 1_024, inputBudget: 615 }],
    [1_000, 2_048, { outputReserve: 200, overheadReserve: 1_024, inputBudget: 0 }],
  ])("%d tokens, at most %d of output", (modelContextLimit, maxOutputTokens, parts) => {
    expect(planContextBudget(modelContextLimit, maxOutputTokens)).toEqual({ modelContextLimit, ...parts });
  });

  test("has parts that never add up to more than a window that holds the minimum of overhead and output", () => {
    const window = fc.integer({ min: 1_280, max: 4_000_000 });
    fc.assert(
      fc.property(window, fc.integer({ min: 1, max: 100_000 }), (limit, maxOutput) => {
        const { outputReserve, overheadReserve, inputBudget } = planContextBudget(limit, maxOutput);
        expect(outputReserve + overheadReserve + inputBudget).toBe(limit);
        expect(inputBudget).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe("the number of characters read", () => {
  const catalog = buildCatalog([], "");

  test("is four for each token of a model's budget; an unknown model has the smallest", () => {
    const { byAlias, otherwise } = historyCharacters(catalog, null);
    expect(Object.keys(byAlias)).toEqual(standardModels.map(({ alias }) => alias));
    expect(byAlias).toMatchObject({ deepseek: 4 * 124_518 });
    expect(otherwise).toBe(4 * 7_167);
  });

  test("is what an agent with the shortest answer limit can hold", () => {
    const { byAlias } = historyCharacters(catalog, null);
    for (const [modelAlias, characters] of Object.entries(byAlias)) {
      const agent = { modelAlias, modelSettings: { max_output_tokens: 1 } };
      const { inputBudget } = planAgentBudget(agent, catalog, 2_048);
      expect(characters).toBeGreaterThanOrEqual(Math.min(2_000_000, 4 * inputBudget));
    }
  });

  test("is never more than one answer of the database", () => {
    expect(historyCharacters(catalog, null).byAlias).toMatchObject({ premium: 2_000_000 });
  });

  test("is that of the override, where every agent uses it", () => {
    expect(historyCharacters(catalog, "deepseek")).toEqual({ byAlias: {}, otherwise: 4 * 124_518 });
  });
});
