import { describe, expect, test } from "vitest";
import { endlessAnswers, eventOf, eventStreamHeaders as headers } from "../support/endless-answers.ts";
import { createModels, type ModelAnswer } from "../support/models.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

/** Longer than any answer here may take: who waits for the end of what has none waits for ever. */
const longMs = 20_000;

describe("a provider that sends", () => {
  test.each(endlessAnswers)(
    "%s has its call ended, and another user's agent is answered meanwhile",
    async (_what, answer, code) => {
      const fixture = await createTurnFixture();
      const neighbour = await createTurnFixture();
      await fixture.models.script(says("ada", answer));

      const post = fixture.post("@ada hello");
      await fixture.models.wait({ calls: 1 });
      const { body: other } = await neighbour.post("@ada hello");
      const { body } = await post;

      expect(other.status).toBe("completed");
      expect(body.replies).toMatchObject([{ status: "failed", error: { code } }]);
      await fixture.models.wait({ calls: 1, settled: 1 });
      const [call] = await fixture.models.journal();
      expect(call?.accept_encoding).toBe("identity");
      // An answer that has an end may be on its way before it is given up.
      if (answer.repeat?.bytes === undefined) expect(call?.client_closed).toBe(true);
    },
    longMs,
  );

  test.each([
    ["comments", ": keep-alive\n\n", { MODEL_CALL_TIMEOUT_MS: "400" }],
    ["pieces of nothing", eventOf({ content: "" }), { MODEL_CALL_TIMEOUT_MS: "400" }],
    ["words", eventOf({ content: "word " }), { MODEL_CALL_TOTAL_MS: "800" }],
  ])("%s without end, slowly, has the time of one call", async (_what, text, settings) => {
    const fixture = await createTurnFixture({ settings });
    await fixture.models.script(says("ada", { headers, body: "", repeat: { text, pause_ms: 20 } }));

    const { body } = await fixture.post("@ada hello");

    expect(body.replies).toMatchObject([{ status: "failed", error: { code: "model_timeout" } }]);
    await fixture.models.wait({ calls: 1, settled: 1 });
    expect(await fixture.models.journal()).toMatchObject([{ client_closed: true }]);
  });

  test("text slowly may take longer in all than the time between two pieces", async () => {
    const fixture = await createTurnFixture({ settings: { MODEL_CALL_TIMEOUT_MS: "500" } });
    const deltas = Array.from({ length: 10 }, (_, place) => `${place} `);
    await fixture.models.script(says("ada", { deltas, delta_delay_ms: 100 }));

    const { body } = await fixture.post("@ada hello");

    expect(body.replies).toMatchObject([{ status: "completed", content: deltas.join("") }]);
  });
});

describe("a redirect is not followed:", () => {
  test.each([301, 302, 303, 307, 308])("%d to another host", async (status) => {
    const fixture = await createTurnFixture();
    const elsewhere = createModels();
    const location = `${elsewhere.baseUrl}/chat/completions`;
    await fixture.models.script(says("ada", { status, body: "", headers: { Location: location } }));

    const { body } = await fixture.post("@ada hello");

    expect(body.replies).toMatchObject([{ status: "failed", error: { code: "model_error" } }]);
    expect(await elsewhere.journal()).toEqual([]);
    expect(await fixture.models.journal()).toHaveLength(1);
    expect(await fixture.ledger()).toEqual([]);
  });

  test("to the same address, again and again", async () => {
    const fixture = await createTurnFixture();
    const location = `${fixture.models.baseUrl}/chat/completions`;
    await fixture.models.script(says("ada", { status: 307, body: "", headers: { Location: location } }));

    await fixture.post("@ada hello");

    expect(await fixture.models.journal()).toHaveLength(1);
  });
});

describe("a complete answer ends although its connection stays open", () => {
  const whole: ModelAnswer = { deltas: ["All ", "of it."], done: false, leave_open: true };

  test.each([
    ["and the time of the call passes", { MODEL_CALL_TOTAL_MS: "900" }],
    ["and the time between its parts passes", { MODEL_CALL_TIMEOUT_MS: "700" }],
    ["and the turn's deadline passes", { TURN_TIMEOUT_MS: "900" }],
  ])("%s", async (_what, settings) => {
    const fixture = await createTurnFixture({ settings });
    await fixture.models.script(says("ada", { ...whole, usage: null }));

    const { body } = await fixture.post("@ada hello");

    expect(body.replies).toMatchObject([
      { status: "completed", content: "All of it.", finish_reason: "stop" },
    ]);
    expect(await fixture.ledger()).toMatchObject([{ status: "completed", usage_source: "estimated" }]);
  });

  test("and its usage may arrive a second later", async () => {
    const fixture = await createTurnFixture();
    const usage = { prompt_tokens: 120, completion_tokens: 40 };
    await fixture.models.script(says("ada", { ...whole, usage, usage_delay_ms: 1_000 }));

    await fixture.post("@ada hello");

    expect(await fixture.ledger()).toMatchObject([{ usage_source: "provider", total_tokens: 160 }]);
    await fixture.models.wait({ calls: 1, settled: 1 });
  });
});
