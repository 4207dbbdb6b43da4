import { describe, expect, test } from "vitest";
import { createTurnFixture, noRows, says } from "../../support/turn-fixture.ts";
import {
  callerOf,
  callsFor,
  conversationIn,
  databaseTrips,
  managerPicks,
  managerSays,
  replyKeys,
  rolesIn,
} from "./support/model-calls.ts";

describe("the manager", () => {
  test("gets roster, goal and message in one short call, without tools or history", async () => {
    const role = `You know ${"everything about boats and ".repeat(10)}the sea.`;
    const fixture = await createTurnFixture({
      agents: [{ key: "ada", role }, "bob"],
      mode: "orchestrator",
      goal: "Cross the ocean",
    });
    await fixture.models.script(managerPicks("bob"));
    await fixture.post("an earlier message");

    await fixture.post("which boat?");

    const [, call] = callsFor(await fixture.models.journal(), "manager");
    expect(call?.messages.map(({ role: speaker }) => speaker)).toEqual(["system", "user"]);
    const [instructions = "", message] = call?.messages.map(({ content }) => content) ?? [];
    expect(instructions).toContain("Cross the ocean");
    expect(instructions).toContain(`- key: ada | name: Ada | role: ${role.slice(0, 120)}\n`);
    expect(instructions).not.toContain(role.slice(0, 121));
    expect(instructions).toContain("- key: bob | name: Bob | role: ");
    expect(message).toContain("which boat?");
    expect(JSON.stringify(call?.messages)).not.toContain("an earlier message");
    expect(call?.body.max_tokens).toBe(2_048);
    expect(call?.body).not.toHaveProperty("tools");
    expect(call?.body).not.toHaveProperty("tool_choice");
  });

  test("is the model that the settings name", async () => {
    const fixture = await createTurnFixture({
      agents: [{ key: "ada", modelAlias: "llama" }],
      mode: "orchestrator",
      settings: { MANAGER_MODEL_ALIAS: "qwen" },
    });
    const { body } = await fixture.post("hello");

    expect((await fixture.models.journal()).map(({ model }) => model)).toEqual([
      "qwen/qwen3-235b-a22b",
      "meta-llama/llama-4-scout",
    ]);
    expect((await fixture.read(body.id)).body.audit[0].overhead_calls).toMatchObject([
      { purpose: "routing", model_alias: "qwen", provider_model: "qwen/qwen3-235b-a22b" },
    ]);
  });

  test("keeps its own model where the turn has an override", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "orchestrator" });
    await fixture.models.script(managerPicks("bob", "ada"));

    const { body } = await fixture.post("hello", { modelAliasOverride: "llama" });

    expect(body.model_alias_used).toBe("multi-agent");
    expect((await fixture.models.journal()).map(({ model }) => model)).toEqual([
      "deepseek/deepseek-v3.1-terminus",
      "meta-llama/llama-4-scout",
      "meta-llama/llama-4-scout",
    ]);
  });

  test("is not billed: it has no ledger row and no credits, only an overhead call in the first audit row", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "orchestrator" });
    const usage = { prompt_tokens: 400, cached_tokens: 100, completion_tokens: 12, cost: 0.0005 };
    const call = { prompt_tokens: 120, completion_tokens: 40 };
    await fixture.models.script(
      managerSays({ text: '{"selected_agent_keys":["cy","bob"]}', usage }),
      says("cy", { text: "hi", usage: call }),
      says("bob", { text: "hi", usage: call }),
    );

    const { body } = await fixture.post("hello");

    expect(body.usage).toMatchObject({ calls: 2, total_tokens: 320, credits: "0.01640000" });
    expect(await fixture.ledger()).toMatchObject([{ agent_key: "bob" }, { agent_key: "cy" }]);
    const { audit, llm_calls } = (await fixture.read(body.id)).body;
    // In the order of the answers, which is neither that of the keys nor that of the roster.
    expect(llm_calls).toMatchObject([{ agent_key: "cy" }, { agent_key: "bob" }]);
    expect(audit).toMatchObject([
      {
        agent_key: "cy",
        overhead_calls: [
          {
            purpose: "routing",
            model_alias: "deepseek",
            attempt: 1,
            input_tokens_fresh: 300,
            input_tokens_cached: 100,
            output_tokens: 12,
            usage_source: "provider",
            provider_cost_usd: "0.00050000",
            status: "completed",
          },
        ],
      },
      { agent_key: "bob", overhead_calls: [] },
    ]);
  });
});

describe("the agents that the manager picked", () => {
  test("answer in the order of the decision, one after another, and each sees the answers before its own", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy", "dan"], mode: "orchestrator" });
    await fixture.models.script(
      managerPicks("dan", "ada", "cy"),
      says("dan", "Dan first"),
      says("ada", { status: 400 }),
      says("cy", "Cy last"),
    );

    const { headers, body } = await fixture.post("hello");

    expect(body).toMatchObject({ status: "partial", mode: "orchestrator", model_alias_used: "multi-agent" });
    expect(replyKeys(body)).toEqual(["dan", "ada", "cy"]);
    expect(databaseTrips(headers)).toBe("2");
    const journal = await fixture.models.journal();
    expect(journal.map(callerOf)).toEqual(["manager", "dan", "ada", "cy"]);
    expect(journal.map(({ in_flight_at_arrival }) => in_flight_at_arrival)).toEqual([1, 1, 1, 1]);
    expect(journal.slice(1).map(conversationIn)).toEqual([
      ["hello"],
      ["hello", "[Dan]: Dan first"],
      [
        "hello",
        "[Dan]: Dan first",
        expect.stringMatching(/^\[Ada\]: \[\[agent_error\]\] agent=Ada type=model_error/),
      ],
    ]);
    expect(journal.slice(1).map(rolesIn)).toEqual([["dan"], ["ada"], ["cy"]]);
  });

  test("and no others are asked, stored and audited; a single one has its own alias as marker", async () => {
    const fixture = await createTurnFixture({
      agents: ["ada", { key: "bob", modelAlias: "gpt_oss" }, "cy"],
      mode: "orchestrator",
    });
    await fixture.models.script(managerPicks("bob"));

    const { body } = await fixture.post("hello");

    expect(body).toMatchObject({ status: "completed", model_alias_used: "gpt_oss" });
    expect(body.replies).toHaveLength(1);
    expect(await fixture.models.journal()).toHaveLength(2);
    expect((await fixture.read(body.id)).body.audit).toMatchObject([
      { agent_key: "bob", model_alias_marker: "gpt_oss" },
    ]);
  });

  test("may all fail: the turn is stored as failed, with the decision", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "orchestrator" });
    await fixture.models.script(managerPicks("bob", "ada"), { answer: { status: 400 } });

    const { status, body } = await fixture.post("hello");

    expect(status).toBe(201);
    expect(body.status).toBe("failed");
    expect(replyKeys(body)).toEqual(["bob", "ada"]);
    expect((await fixture.read(body.id)).body.audit[0].routing.selected_keys).toEqual(["bob", "ada"]);
  });
});

test("a room without agents is refused before the manager is called, and its claim is released", async () => {
  const fixture = await createTurnFixture({ agents: [], mode: "orchestrator" });

  const answer = await fixture.post("hello");

  expect(answer).toMatchObject({ status: 422, body: { code: "no_room_agents" } });
  expect(await fixture.claim()).toBeUndefined();
  expect(await fixture.rowCounts()).toEqual(noRows);
  expect(await fixture.models.journal()).toEqual([]);
});

test("an orchestrator of a full room picks among twelve agents", async () => {
  const keys = Array.from({ length: 12 }, (_, n) => `agent-${n}`);
  const fixture = await createTurnFixture({ agents: keys, mode: "orchestrator" });
  await fixture.models.script(managerPicks("agent-11", "agent-0", "agent-7"));

  const { body } = await fixture.post("hello");

  expect(body.status).toBe("completed");
  expect(replyKeys(body)).toEqual(["agent-11", "agent-0", "agent-7"]);
  expect(await fixture.models.journal()).toHaveLength(4);
});

test("a turn whose deadline passes before the manager has answered is stored, with the decision", async () => {
  const fixture = await createTurnFixture({
    agents: ["ada", "bob"],
    mode: "orchestrator",
    settings: { TURN_TIMEOUT_MS: "300" },
  });
  await fixture.models.script(managerSays({ hang: "before_headers" }));

  const { status, body } = await fixture.post("hello");

  expect(status).toBe(201);
  expect(body).toMatchObject({
    status: "failed",
    replies: [{ agent_key: "ada", error: { code: "deadline" } }],
  });
  const { audit } = (await fixture.read(body.id)).body;
  expect(audit).toMatchObject([
    { routing: { verdict: "call_failed" }, overhead_calls: [{ purpose: "routing", status: "unknown" }] },
  ]);
});
