import { describe, expect, test } from "vitest";
import type { ModelAnswer } from "../support/models.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

const deltas = ["One ", "two ", "three."];
const usage = { prompt_tokens: 120, completion_tokens: 40 };

/** A faulty answer, the failure that is reported for it, and its row in the ledger. */
const faults: [string, ModelAnswer, code: string, ledger: object[]][] = [
  ["is refused as the request's fault", { status: 400 }, "model_error", []],
  ["is refused for want of a valid key", { status: 401 }, "model_error", []],
  [
    "is cut by its output limit before it says anything",
    { deltas: [], usage, finish_reason: "length" },
    "model_output_limit",
    [{ status: "failed", usage_source: "provider", total_tokens: 160, credits: "0.00820000" }],
  ],
  [
    "is stopped by a content filter",
    { deltas, usage, finish_reason: "content_filter" },
    "model_refused",
    [{ status: "failed", usage_source: "provider" }],
  ],
  [
    "has neither finish reason nor end mark",
    { deltas, usage, finish_reason: null, done: false },
    "model_stream_cut",
    [{ status: "failed", usage_source: "provider" }],
  ],
  [
    "has neither finish reason nor usage nor end mark",
    { deltas, usage: null, finish_reason: null, done: false },
    "model_stream_cut",
    [{ status: "failed", usage_source: "estimated" }],
  ],
  [
    "is empty",
    { deltas: [], usage },
    "model_bad_response",
    [{ status: "failed", usage_source: "provider", credits: "0.00820000" }],
  ],
  ["is blank", { deltas: [" ", "\n"], usage }, "model_bad_response", [{ status: "failed" }]],
  [
    "breaks off with an error event",
    { deltas, usage, error_event: true },
    "model_error",
    [{ status: "failed", usage_source: "estimated" }],
  ],
  [
    "holds a line that is no JSON",
    { deltas, usage, bad_json: true },
    "model_bad_response",
    [{ status: "failed", usage_source: "estimated" }],
  ],
  [
    "is a page instead of a stream",
    { body: "<html>sorry</html>", headers: { "Content-Type": "text/html" } },
    "model_bad_response",
    [{ status: "unknown", usage_source: "estimated", credits: "0.00000000" }],
  ],
  [
    "is cut before anything of it arrived",
    { deltas, usage, cut_after_chunks: 0 },
    "model_stream_cut",
    [{ status: "unknown", usage_source: "estimated", credits: "0.00000000" }],
  ],
  ...[1, 2, 3].map((chunks): [string, ModelAnswer, string, object[]] => [
    `is cut after ${chunks} of its three pieces`,
    { deltas, usage, cut_after_chunks: chunks },
    "model_stream_cut",
    [{ status: "failed", usage_source: "estimated" }],
  ]),
];

describe("an answer that", () => {
  test.each(faults)(
    "%s is a failed reply, and the ledger has its cost",
    async (_fault, answer, code, ledger) => {
      const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
      await fixture.models.script(says("ada", answer), says("bob", "I am fine."));

      const posted = await fixture.post("@ada @bob hello");

      expect(posted.status).toBe(201);
      expect(posted.body).toMatchObject({
        status: "partial",
        replies: [
          { agent_key: "ada", status: "failed", error: { code } },
          { agent_key: "bob", status: "completed", content: "I am fine." },
        ],
      });
      expect(posted.body.replies[0].content).toMatch(
        new RegExp(`^\\[\\[agent_error]] agent=Ada type=${code} message=\\S`),
      );
      const rows = (await fixture.ledger()).filter(({ agent_key }) => agent_key === "ada");
      expect(rows).toMatchObject(ledger);
      // If it looks like an answer, the model is not asked again: no text is shown twice.
      expect(await fixture.models.journal()).toHaveLength(2);
    },
  );

  test("ends inside a sentence is charged for what had arrived", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { deltas: ["word ".repeat(400), "rest"], cut_after_chunks: 1 }));

    await fixture.post("@ada hello");

    const [row] = await fixture.ledger();
    expect(row?.output_tokens).toBeGreaterThan(300);
    expect(Number(row?.credits)).toBeGreaterThan(0);
  });
});

describe("an answer is complete with its finish reason", () => {
  test.each([
    ["of its end", "end_turn", "stop"],
    ["of its output limit", "length", "length"],
    ["that nobody knows", "tired", "other"],
    ["that was not said before the end mark", null, "other"],
  ])("%s", async (_reason, finishReason, stored) => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { deltas, usage, finish_reason: finishReason }));

    const { body } = await fixture.post("@ada hello");

    expect(body).toMatchObject({
      status: "completed",
      replies: [{ status: "completed", content: "One two three.", finish_reason: stored, error: null }],
    });
    expect((await fixture.read(body.id)).body.replies).toEqual(body.replies);
    const { body: transcript } = await fixture.api
      .as(fixture.owner)
      .get(`/sessions/${fixture.sessionId}/messages`);
    expect(transcript.data).toMatchObject([{ role: "user", finish_reason: null }, { finish_reason: stored }]);
    expect(await fixture.ledger()).toMatchObject([{ status: "completed", total_tokens: 160 }]);
  });
});

describe("an answer is complete once its finish reason has come", () => {
  const faultless: [string, ModelAnswer, usageSource: string][] = [
    ["with all that belongs to it", { deltas, usage }, "provider"],
    ["without its end mark", { deltas, usage, done: false }, "provider"],
    ["without its usage", { deltas, usage: null }, "estimated"],
    ["and the stream is cut before the usage", { deltas, usage, cut_after_chunks: 4 }, "estimated"],
    ["and the stream is cut after the usage", { deltas, usage, cut_after_chunks: 5 }, "provider"],
  ];
  test.each(faultless)("%s", async (_case, answer, usageSource) => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", answer));

    const posted = await fixture.post("@ada hello");

    expect(posted.body).toMatchObject({ status: "completed", assistant_output: "One two three." });
    expect(await fixture.ledger()).toMatchObject([
      { status: "completed", usage_source: usageSource, attempts: 1 },
    ]);
  });
});
