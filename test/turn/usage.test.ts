import { describe, expect, test } from "vitest";
import policy from "../../docs/transaction-policy.md?raw";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

describe("what a call used", () => {
  test("is what the provider reports, with cached tokens apart, priced exactly", async () => {
    const fixture = await createTurnFixture({ agents: [{ key: "ada", modelAlias: "qwen" }] });
    const usage = { prompt_tokens: 1_500, cached_tokens: 500, completion_tokens: 200 };
    await fixture.models.script(says("ada", { text: "hi", usage }));

    const { body } = await fixture.post("@ada hello");

    expect(await fixture.ledger()).toMatchObject([
      {
        input_tokens_fresh: 1_000,
        input_tokens_cached: 500,
        output_tokens: 200,
        total_tokens: 1_700,
        oe_tokens: "600.0000",
        credits: "0.03000000",
        usage_source: "provider",
        provider_cost_usd: null,
      },
    ]);
    expect(body.usage).toEqual({
      calls: 1,
      input_tokens_fresh: 1_000,
      input_tokens_cached: 500,
      output_tokens: 200,
      total_tokens: 1_700,
      credits: "0.03000000",
    });
  });

  test("of a turn is the sum of its agents", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", { key: "bob", modelAlias: "premium" }] });
    await fixture.models.script(
      says("ada", { text: "hi", usage: { prompt_tokens: 120, completion_tokens: 40 } }),
      says("bob", { text: "hi", usage: { prompt_tokens: 10_000, completion_tokens: 1_000 } }),
    );

    const { body } = await fixture.post("@ada @bob hello");

    expect(body.usage).toMatchObject({ calls: 2, total_tokens: 11_160, credits: "6.30820000" });
  });

  test("has the provider's own cost where the provider reports one", async () => {
    const fixture = await createTurnFixture();
    const usage = { prompt_tokens: 10, completion_tokens: 5, cost: 0.00001234 };
    await fixture.models.script(says("ada", { text: "hi", usage }));

    const { body } = await fixture.post("@ada hello");

    expect(await fixture.ledger()).toMatchObject([{ provider_cost_usd: "0.00001234" }]);
    expect((await fixture.read(body.id)).body.llm_calls).toMatchObject([{ provider_cost_usd: "0.00001234" }]);
  });

  test("is estimated where the provider reports nothing, and the row is marked", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "A short answer.", usage: null }));

    const { body } = await fixture.post("@ada hello");

    expect(body.status).toBe("completed");
    const [row] = await fixture.ledger();
    expect(row).toMatchObject({ usage_source: "estimated", status: "completed", input_tokens_cached: 0 });
    expect(row?.input_tokens_fresh).toBeGreaterThan(20);
    expect(row?.output_tokens).toBeGreaterThan(2);
    expect(Number(row?.credits)).toBeGreaterThan(0);
  });

  test.each([
    ["negative", { prompt_tokens: -1, completion_tokens: 5 }],
    ["fractional", { prompt_tokens: 1.5, completion_tokens: 5 }],
    ["larger than any window", { prompt_tokens: 2 ** 40, completion_tokens: 5 }],
    ["larger than any answer", { prompt_tokens: 5, completion_tokens: 100_000_001 }],
  ])("is estimated where the provider's figures are impossible: %s", async (_figures, usage) => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "hi", usage }));

    const { status, body } = await fixture.post("@ada hello");

    expect(status).toBe(201);
    expect(body.status).toBe("completed");
    expect(await fixture.ledger()).toMatchObject([{ usage_source: "estimated" }]);
  });

  test("has the provider's id of the call", async () => {
    const fixture = await createTurnFixture();
    await fixture.post("@ada hello");

    const [call] = await fixture.models.journal();
    expect(await fixture.ledger()).toMatchObject([{ provider_request_id: call?.call_id }]);
  });

  test("can be priced again from the ledger's rows with the SQL of the policy", async () => {
    const fixture = await createTurnFixture({
      agents: ["ada", { key: "bob", modelAlias: "premium" }, { key: "cy", modelAlias: "llama" }, "dan"],
    });
    await fixture.models.script(
      says("ada", { text: "hi", usage: { prompt_tokens: 121, cached_tokens: 7, completion_tokens: 43 } }),
      says("bob", { text: "hi", usage: { prompt_tokens: 10_001, cached_tokens: 3, completion_tokens: 999 } }),
      says("cy", { text: "hi", usage: { prompt_tokens: 33, completion_tokens: 1 } }),
      // Nothing arrives of this agent's first attempt: it is in the ledger and costs nothing.
      says("dan", { cut_before_headers: true }, 1),
      says("dan", { text: "hi", usage: { prompt_tokens: 77, completion_tokens: 11 } }),
    );

    const { body } = await fixture.post("@ada @bob @cy @dan hello");

    const [, query = ""] = /```sql\n(.*?);\n```/s.exec(policy) ?? [];
    const period = [new Date(0), new Date(Date.now() + 86_400_000), fixture.owner.userId];
    const compared = await fixture.sql.query(
      `select booked, booked = priced_anew as is_equal from (${query}) as sums`,
      period,
    );

    expect(body).toMatchObject({ status: "completed", usage: { calls: 4 } });
    expect(compared).toEqual([{ booked: body.usage.credits, is_equal: true }]);
  });
});
