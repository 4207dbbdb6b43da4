import { describe, expect, test } from "vitest";
import { createModels } from "../support/models.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

const house = (change: Record<string, unknown> = {}) => ({
  alias: "house",
  provider: "own",
  model: `house/${crypto.randomUUID()}`,
  context_window: 8_192,
  multiplier: 2.5,
  ...change,
});

describe("a deployment's own model", () => {
  test("is billed under its own pricing version, which is in the tables", async () => {
    const model = house();
    const fixture = await createTurnFixture({
      agents: [{ key: "ada", modelAlias: "house" }],
      settings: { MODELS_JSON: JSON.stringify([model]) },
    });
    await fixture.models.script(
      says("ada", { text: "hi", usage: { prompt_tokens: 120, completion_tokens: 40 } }),
    );

    const { body } = await fixture.post("@ada hello");
    await fixture.post("@ada once more");

    expect(body).toMatchObject({ model_alias_used: "house", usage: { credits: "0.02050000" } });
    const [row] = await fixture.ledger();
    expect(row).toMatchObject({ provider: "own", model_alias: "house", provider_model: model.model });
    expect(row?.pricing_version).toMatch(/^2026-02-20\+[0-9a-f]{8}$/);
    const prices = await fixture.sql`select model_alias, multiplier from model_prices
      where version = ${row?.pricing_version} order by model_alias`;
    expect(prices).toEqual([
      { model_alias: "deepseek", multiplier: "1.00" },
      { model_alias: "gpt_oss", multiplier: "0.50" },
      { model_alias: "house", multiplier: "2.50" },
      { model_alias: "llama", multiplier: "0.50" },
      { model_alias: "premium", multiplier: "14.00" },
      { model_alias: "qwen", multiplier: "0.50" },
    ]);
    expect(
      await fixture.sql`select version from pricing_versions where version = ${row?.pricing_version}`,
    ).toHaveLength(1);
  });

  test("may have its own provider with its own key", async () => {
    const elsewhere = createModels();
    const fixture = await createTurnFixture({
      agents: [{ key: "ada", modelAlias: "house" }, "bob"],
      settings: {
        MODELS_JSON: JSON.stringify([house({ base_url: elsewhere.baseUrl, api_key_setting: "HOUSE_KEY" })]),
        HOUSE_KEY: "sk-house",
      },
    });

    await fixture.post("@ada @bob hello");

    expect(await elsewhere.journal()).toHaveLength(1);
    expect(await fixture.models.journal()).toHaveLength(1);
  });

  test("that is no longer configured fails only its agent", async () => {
    const fixture = await createTurnFixture({ agents: [{ key: "ada", modelAlias: "gone" }, "bob"] });

    const { body } = await fixture.post("@ada @bob hello");

    expect(body.replies).toMatchObject([
      { status: "failed", error: { code: "model_not_configured" } },
      { status: "completed" },
    ]);
    expect(await fixture.ledger()).toMatchObject([{ agent_key: "bob" }]);
  });
});
