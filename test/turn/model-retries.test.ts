import { describe, expect, test } from "vitest";
import { holdTimers } from "../support/held-timers.ts";
import type { ModelAnswer } from "../support/models.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

const soon = { "retry-after-ms": "1" };

describe("a call is sent up to three times", () => {
  test.each([408, 409, 429, 500, 502, 503])(
    "%d, then an answer: the reply, after two attempts",
    async (status) => {
      const fixture = await createTurnFixture();
      await fixture.models.script(says("ada", { status, headers: soon }, 1), says("ada", "here"));

      const { body } = await fixture.post("@ada hello");

      expect(body).toMatchObject({ status: "completed", assistant_output: "here", usage: { calls: 1 } });
      expect(await fixture.ledger()).toMatchObject([{ status: "completed", attempts: 2 }]);
      expect(await fixture.models.journal()).toHaveLength(2);
    },
  );

  test("500, 500, an answer: the reply, after three attempts", async () => {
    const fixture = await createTurnFixture();
    const refusal: ModelAnswer = { status: 500, headers: soon };
    await fixture.models.script(says("ada", refusal, 1), says("ada", refusal, 2), says("ada", "here"));

    const { body } = await fixture.post("@ada hello");

    expect(body).toMatchObject({ status: "completed", assistant_output: "here" });
    expect(await fixture.ledger()).toMatchObject([{ status: "completed", attempts: 3 }]);
  });

  test("an attempt that breaks off before its headers is in the ledger as unknown, without cost", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { cut_before_headers: true }, 1), says("ada", "here"));

    const { body } = await fixture.post("@ada hello");

    expect(body.status).toBe("completed");
    const rows = await fixture.ledger();
    expect(rows.map(({ status, usage_source }) => [status, usage_source]).sort()).toEqual([
      ["completed", "provider"],
      ["unknown", "estimated"],
    ]);
    expect(rows.find(({ status }) => status === "unknown")).toMatchObject({
      credits: "0.00000000",
      provider_cost_usd: null,
    });
    const [known] = rows.filter(({ status }) => status !== "unknown");
    expect(body.usage).toMatchObject({ calls: 1, total_tokens: known?.total_tokens });
    expect((await fixture.list()).body.data).toMatchObject([{ usage: body.usage }]);
  });

  test("never four times", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script({ answer: { status: 429, headers: soon } });

    const { body } = await fixture.post("@ada hello");

    expect(body.replies).toMatchObject([{ status: "failed", error: { code: "model_rate_limited" } }]);
    expect(await fixture.models.journal()).toHaveLength(3);
    expect(await fixture.ledger()).toEqual([]);
  });

  test.each([400, 401, 402, 403, 404, 413, 422])(
    "once only, where the provider refuses it with %d",
    async (status) => {
      const fixture = await createTurnFixture();
      await fixture.models.script({ answer: { status } });

      const { body } = await fixture.post("@ada hello");

      expect(body.replies).toMatchObject([{ status: "failed", error: { code: "model_error" } }]);
      expect(await fixture.models.journal()).toHaveLength(1);
    },
  );
});

describe("Retry-After", () => {
  test("is waited for where there is time", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(
      says("ada", { status: 429, headers: { "Retry-After": "1" } }, 1),
      says("ada", "here"),
    );

    const { body } = await fixture.post("@ada hello");

    expect(body.status).toBe("completed");
    const [first, second] = await fixture.models.journal();
    expect((second?.arrived_at_ms ?? 0) - (first?.arrived_at_ms ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test.each([
    ["seconds", () => "3600"],
    ["a date", () => new Date(Date.now() + 3_600_000).toUTCString()],
  ])("in %s that is longer than the time left fails the call at once", async (_form, header) => {
    const fixture = await createTurnFixture();
    await fixture.models.script({ answer: { status: 429, headers: { "Retry-After": header() } } });

    // Who waited for anything would wait for ever.
    holdTimers();
    const answer = await fixture.post("@ada hello");

    expect(answer.body.replies).toMatchObject([{ status: "failed", error: { code: "model_rate_limited" } }]);
    expect(await fixture.models.journal()).toHaveLength(1);
  });
});

test("a provider that cannot be reached fails the agent, and each attempt is in the ledger as unknown", async () => {
  // Port 9 (discard) is never served here.
  const fixture = await createTurnFixture({ settings: { LLM_BASE_URL: "http://127.0.0.1:9/v1" } });

  const { body } = await fixture.post("@ada hello");

  expect(body.replies).toMatchObject([{ status: "failed", error: { code: "model_unreachable" } }]);
  const rows = await fixture.ledger();
  expect(rows).toHaveLength(3);
  for (const row of rows) {
    expect(row).toMatchObject({
      status: "unknown",
      usage_source: "estimated",
      credits: "0.00000000",
      attempts: 3,
    });
  }
});
