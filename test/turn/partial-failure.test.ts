import { describe, expect, test } from "vitest";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

describe("a turn of two agents of which one has a model that answers 500", () => {
  test("is stored as partial, with a reply and a failed reply", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", { key: "bob", modelAlias: "qwen" }] });
    await fixture.models.script(
      says("ada", { text: "Hello from Ada.", usage: { prompt_tokens: 120, completion_tokens: 40 } }),
      says("bob", { status: 500, headers: { "retry-after-ms": "1" } }),
    );

    const answer = await fixture.post("@bob and @ada, hello");

    const failure = { code: "model_error", message: "The model's provider answered with status 500." };
    const failedContent = `[[agent_error]] agent=Bob type=model_error message=${failure.message}`;
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      session_id: fixture.sessionId,
      turn_index: 1,
      mode: "manual",
      user_input: "@bob and @ada, hello",
      status: "partial",
      model_alias_used: "multi-agent",
      assistant_output: `Bob: ${failedContent}\n\nAda: Hello from Ada.`,
      replies: [
        { agent_key: "bob", agent_name: "Bob", status: "failed", content: failedContent, error: failure },
        { agent_key: "ada", agent_name: "Ada", status: "completed", content: "Hello from Ada.", error: null },
      ],
      usage: {
        calls: 1,
        input_tokens_fresh: 120,
        input_tokens_cached: 0,
        output_tokens: 40,
        total_tokens: 160,
        credits: "0.00820000",
      },
      tool_calls: [],
    });
    const journal = await fixture.models.journal();
    expect(journal.filter(({ model }) => model === "qwen/qwen3-235b-a22b")).toHaveLength(3);
    expect(journal).toHaveLength(4);
    expect(await fixture.ledger()).toMatchObject([
      {
        agent_key: "ada",
        turn_id: answer.body.id,
        run_id: answer.body.id,
        user_id: fixture.owner.userId,
        room_id: fixture.roomId,
        round: 1,
        provider: "openrouter",
        model_alias: "deepseek",
        provider_model: "deepseek/deepseek-v3.1-terminus",
        oe_tokens: "82.0000",
        credits: "0.00820000",
        usage_source: "provider",
        status: "completed",
        attempts: 1,
        pricing_version: "2026-02-20",
      },
    ]);
    expect(await fixture.claim()).toBeUndefined();
  });

  test("is read as the post returned it, with its cost and what each agent was sent", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(says("bob", { status: 400 }));

    const posted = await fixture.post("@ada @bob @zoe hello");
    const read = await fixture.read(posted.body.id);

    expect(read.status).toBe(200);
    const { llm_calls, audit, messages, ...turn } = read.body;
    expect(turn).toEqual(posted.body);
    expect(messages.map(({ seq, role, status }: Record<string, unknown>) => [seq, role, status])).toEqual([
      [1, "user", "completed"],
      [2, "assistant", "completed"],
      [3, "assistant", "failed"],
    ]);
    expect(llm_calls).toMatchObject([{ agent_key: "ada", status: "completed", usage_source: "provider" }]);
    expect(audit).toMatchObject([
      { agent_key: "ada", model_alias_marker: "multi-agent", unknown_tags: ["zoe"], input_budget: 122_471 },
      {
        agent_key: "bob",
        model_alias_marker: "multi-agent",
        unknown_tags: ["zoe"],
        included: [],
      },
    ]);
    expect(audit[0].estimated_tokens_before).toBeGreaterThan(0);
    expect((await fixture.list()).body.data).toEqual([posted.body]);
  });
});

test("a turn in which no agent answered is stored as failed", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
  await fixture.models.script({ answer: { status: 401 } });

  const answer = await fixture.post("@ada @bob hello");

  expect(answer).toMatchObject({
    status: 201,
    body: { status: "failed", usage: { calls: 0, credits: "0.00000000" } },
  });
  expect(await fixture.rowCounts()).toEqual({
    turns: 1,
    turn_runs: 1,
    messages: 3,
    turn_context_audit: 2,
    llm_call_events: 0,
  });
});

test("the reply of one agent is the output of the turn, and its model the turn's model", async () => {
  const fixture = await createTurnFixture({ agents: [{ key: "ada", modelAlias: "gpt_oss" }, "bob"] });
  await fixture.models.script(says("ada", { deltas: ["One", ", two", "\n\nthree. 🙂"] }));

  const answer = await fixture.post("@ada hello");

  expect(answer.body).toMatchObject({
    status: "completed",
    assistant_output: "One, two\n\nthree. 🙂",
    model_alias_used: "gpt_oss",
  });
});

test("an override is the model of every agent of the turn", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", { key: "bob", modelAlias: "qwen" }] });

  const answer = await fixture.post("@ada @bob hello", { modelAliasOverride: "llama" });

  expect(answer.body.status).toBe("completed");
  expect((await fixture.models.journal()).map(({ model }) => model)).toEqual(
    Array(2).fill("meta-llama/llama-4-scout"),
  );
  expect((await fixture.ledger()).map(({ model_alias }) => model_alias)).toEqual(["llama", "llama"]);
});

test("an agent may be named like a property of every object", async () => {
  const fixture = await createTurnFixture({ agents: ["__proto__", "constructor", "toString"] });

  const answer = await fixture.post("@toString @__proto__ @constructor hello");

  expect(answer.body.status).toBe("completed");
  expect(answer.body.replies.map((reply: { agent_key: string }) => reply.agent_key)).toEqual([
    "toString",
    "__proto__",
    "constructor",
  ]);
});
