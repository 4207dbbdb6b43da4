import { describe, expect, test } from "vitest";
import { createTurnFixture, type FixtureAgent, noRows, says } from "../../support/turn-fixture.ts";
import { callerOf, conversationIn, databaseTrips, managerPicks, replyKeys } from "./support/model-calls.ts";
import { ownModel, textOf, tinyBudget, tinySettings, tinyWindow, windowUsed } from "./support/small-model.ts";

const tiny = (key: string): FixtureAgent => ({ key, modelAlias: "tiny" });
const huge = (mark: string) => textOf(31_000, mark);

describe("a message that neither a summary nor pruning can make fit", () => {
  test.each([
    ["tag", [tiny("ada")]],
    ["tag", [tiny("ada"), "bob"]],
    ["roundtable", ["bob", tiny("ada")]],
    ["orchestrator", [tiny("ada"), tiny("bob")]],
  ] as const)(
    "is refused in mode %s to %j before any call, with the figures, and leaves no claim",
    async (mode, agents) => {
      const fixture = await createTurnFixture({ agents: [...agents], mode, settings: tinySettings() });

      const answer = await fixture.post(huge("@ada @bob"), { key: "k" });

      expect(answer).toMatchObject({
        status: 422,
        body: {
          code: "context_budget_exceeded",
          input_budget: tinyBudget.input,
          model_context_limit: tinyWindow,
          estimated_tokens: expect.any(Number),
        },
      });
      expect(answer.body.estimated_tokens).toBeGreaterThan(tinyBudget.input);
      expect(await fixture.claim()).toBeUndefined();
      expect(await fixture.rowCounts()).toEqual(noRows);
      expect(await fixture.models.journal()).toEqual([]);
      expect(await fixture.post("@ada @bob hello", { key: "k" })).toMatchObject({
        status: 201,
        body: { turn_index: 1 },
      });
    },
  );

  test("is accepted where the agents that it is for can hold it", async () => {
    const fixture = await createTurnFixture({ agents: [tiny("ada"), "bob"], settings: tinySettings() });
    expect((await fixture.post(huge("@bob"))).body).toMatchObject({
      status: "completed",
      overflow_rejected: false,
    });
  });

  test("is accepted where the override's window can hold it, and refused where that window is too small", async () => {
    const fixture = await createTurnFixture({ agents: [tiny("ada")], settings: tinySettings() });
    expect((await fixture.post(huge("@ada"), { modelAliasOverride: "llama" })).body.status).toBe("completed");

    const other = await createTurnFixture({ settings: tinySettings() });
    expect((await other.post(huge("@ada"), { modelAliasOverride: "tiny" })).body.code).toBe(
      "context_budget_exceeded",
    );
  });

  test("fails only the picked agent that cannot hold it, where other agents of the room could", async () => {
    const fixture = await createTurnFixture({
      agents: ["bob", tiny("ada")],
      mode: "orchestrator",
      settings: tinySettings(),
    });
    await fixture.models.script(managerPicks("ada", "bob"), says("bob", "I can hold it."));

    const { status, body } = await fixture.post(huge("hello"));

    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: "partial",
      overflow_rejected: true,
      replies: [
        { agent_key: "ada", status: "failed", error: { code: "context_budget_exceeded" } },
        { agent_key: "bob", status: "completed" },
      ],
    });
    expect((await fixture.models.journal()).map(callerOf)).toEqual(["manager", "bob"]);
  });
});

test("an agent without room for this turn's answers fails without a call; the others go on", async () => {
  const fixture = await createTurnFixture({
    agents: [tiny("ada"), tiny("bob"), "cy", tiny("dan")],
    mode: "roundtable",
    settings: tinySettings(),
  });
  await fixture.models.script(says("ada", huge("Ada's flood")), says("cy", "Cy has room."));

  const { status, headers, body } = await fixture.post("hello");

  expect(status).toBe(201);
  expect(body).toMatchObject({ status: "partial", overflow_rejected: true });
  expect(replyKeys(body)).toEqual(["ada", "bob", "cy", "dan"]);
  expect(body.replies.map(({ error }: { error: { code: string } | null }) => error?.code ?? null)).toEqual([
    null,
    "context_budget_exceeded",
    null,
    "context_budget_exceeded",
  ]);
  expect(databaseTrips(headers)).toBe("2");
  const journal = await fixture.models.journal();
  expect(journal.map(callerOf)).toEqual(["ada", "cy"]);
  expect(conversationIn(journal[1])).toEqual([
    "hello",
    expect.stringContaining("[Ada]: Ada's flood"),
    expect.stringContaining("[Bob]: [[agent_error]] agent=Bob type=context_budget_exceeded"),
  ]);
  const { audit } = (await fixture.read(body.id)).body;
  expect(audit.map((row: { agent_key: string }) => row.agent_key)).toEqual(["ada", "bob", "cy", "dan"]);
  expect(audit[1].estimated_tokens_after_prune).toBeGreaterThan(tinyBudget.input);
  expect(audit[1].counted_input_tokens).toBeNull();
  expect(await fixture.ledger()).toHaveLength(2);
});

test("very long answers of the turn before are left out and summarised, and never overflow", async () => {
  const fixture = await createTurnFixture({ agents: [tiny("ada")], settings: tinySettings() });
  await fixture.models.script(says("ada", huge("flood"), 1));
  await fixture.post("@ada hello");

  const { body } = await fixture.post("@ada again");

  expect(body).toMatchObject({ status: "completed", prune_triggered: true, overflow_rejected: false });
  const [, call] = await fixture.models.journal();
  expect(conversationIn(call)).toEqual(["@ada hello", "@ada again"]);
  expect((await fixture.read(body.id)).body.audit).toMatchObject([
    { included: [[1, 1]], dropped: [{ from: 2, to: 2, reason: "pruned_reply" }] },
  ]);
});

test.each([2_048, 4_096, 8_192, 11_000])(
  "in a window of %d tokens no call asks for more output than its prompt leaves",
  async (contextWindow) => {
    const settings = { MODELS_JSON: JSON.stringify([ownModel("small", contextWindow)]) };
    const fixture = await createTurnFixture({ agents: [{ key: "ada", modelAlias: "small" }], settings });
    const first = await fixture.post("@ada hello");
    const { input_budget, output_reserve } = (await fixture.read(first.body.id)).body.audit[0];

    // Four characters a token, and room for the role.
    const { body } = await fixture.post(textOf(4 * (input_budget - 150), "@ada"));

    expect(body.status).toBe("completed");
    const [, call] = await fixture.models.journal();
    expect(call?.body.max_tokens).toBe(output_reserve);
    expect(call && windowUsed(call)).toBeLessThanOrEqual(contextWindow);
  },
);
