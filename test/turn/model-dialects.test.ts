import { describe, expect, test } from "vitest";
import streams from "../cases/model-streams.json" with { type: "json" };
import toolCalls from "../cases/tool-calls.json" with { type: "json" };
import usages from "../cases/usage.json" with { type: "json" };
import { toEvents } from "../runtime/model/read-answer.ts";
import type { ModelAnswer } from "../support/models.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";
import { createToolFixture } from "../tools/in-turns/tool-fixture.ts";

type StreamCase = {
  name: string;
  status: number;
  content_type: string;
  body: string;
  leaves_open?: boolean;
  expect: { reply?: string; error?: string; finish_reason?: string; usage_source?: string };
};

const eventStream = { "Content-Type": "text/event-stream" };

function toAnswer({ status, content_type, body, leaves_open }: StreamCase): ModelAnswer {
  const headers = { "Content-Type": content_type, "retry-after-ms": "1" };
  return { status, body, headers, ...(leaves_open ? { leave_open: true } : {}) };
}

describe("an agent is answered in the form of another system", () => {
  test.each((streams as StreamCase[]).map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", toAnswer(one)));

    const { body } = await fixture.post("@ada hello");

    const { reply, error, finish_reason, usage_source } = one.expect;
    expect(body.replies).toMatchObject([
      error === undefined
        ? { status: "completed", content: reply, ...(finish_reason === undefined ? {} : { finish_reason }) }
        : { status: "failed", error: { code: error } },
    ]);
    if (usage_source !== undefined) expect(await fixture.ledger()).toMatchObject([{ usage_source }]);
  });

  test.each(toolCalls.map((one) => [one.name, one] as const))("tool calls: %s", async (_name, one) => {
    const fixture = await createToolFixture();
    const first = { body: toEvents(one.first_answer), headers: eventStream };
    await fixture.models.script(says("ada", first, 1), says("ada", "Found."));

    const { body } = await fixture.post("@ada go");

    expect(body.replies).toMatchObject([{ status: "completed", content: "Found." }]);
    expect(body.tool_calls.length).toBeGreaterThan(0);
    if (one.expect.runs !== undefined) expect(await fixture.searched()).toEqual(one.expect.runs);
  });

  test.each(usages.map((one) => [one.name, one] as const))("usage: %s", async (_name, one) => {
    const fixture = await createTurnFixture();
    const chunks = [
      { choices: [{ index: 0, delta: { content: one.answer }, finish_reason: null }] },
      { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
      ...one.usage_chunks.map((usage) => ({ choices: [], usage })),
    ];
    await fixture.models.script(says("ada", { body: toEvents(chunks), headers: eventStream }));

    await fixture.post("@ada hello");

    const { source, fresh, cached, output, output_at_least } = one.expect;
    const [row] = await fixture.ledger();
    expect(row).toMatchObject({
      status: "completed",
      usage_source: source,
      ...(fresh === undefined ? {} : { input_tokens_fresh: fresh, input_tokens_cached: cached ?? 0 }),
      ...(output === undefined ? {} : { output_tokens: output }),
    });
    if (output_at_least !== undefined) expect(row?.output_tokens).toBeGreaterThanOrEqual(output_at_least);
  });
});

describe("an error in an answer with status 200", () => {
  const limited = 'data: {"error":{"code":429,"message":"slow down"}}\n\n';

  test("before any text is tried again, and has no row of its own", async () => {
    const fixture = await createTurnFixture();
    const refusal: ModelAnswer = { body: limited, headers: { ...eventStream, "retry-after-ms": "1" } };
    await fixture.models.script(says("ada", refusal, 1), says("ada", "here"));

    const { body } = await fixture.post("@ada hello");

    expect(body).toMatchObject({ status: "completed", assistant_output: "here", usage: { calls: 1 } });
    expect(await fixture.ledger()).toMatchObject([{ status: "completed", attempts: 2 }]);
  });

  test("after a text is not tried again, so that nothing is shown twice", async () => {
    const fixture = await createTurnFixture();
    const half = 'data: {"choices":[{"index":0,"delta":{"content":"half"},"finish_reason":null}]}\n\n';
    await fixture.models.script(says("ada", { body: half + limited, headers: eventStream }));

    const { body } = await fixture.post("@ada hello");

    expect(body.replies).toMatchObject([{ error: { code: "model_rate_limited" } }]);
    expect(await fixture.models.journal()).toHaveLength(1);
    expect(await fixture.ledger()).toMatchObject([{ status: "failed", usage_source: "estimated" }]);
  });
});

test("an agent whose key is refused has the name of the setting in its failure, and not the key", async () => {
  const fixture = await createTurnFixture({ settings: { LLM_API_KEY: "sk-never-shown" } });
  await fixture.models.script(
    says("ada", { status: 401, body: { error: { message: "bad key sk-never-shown" } } }),
  );

  const { body } = await fixture.post("@ada hello");

  expect(body.replies).toMatchObject([{ error: { code: "model_error" } }]);
  expect(body.replies[0].error.message).toContain("LLM_API_KEY");
  expect(JSON.stringify(body)).not.toContain("sk-never-shown");
});
