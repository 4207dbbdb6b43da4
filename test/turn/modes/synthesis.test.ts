import { describe, expect, test } from "vitest";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import {
  callerOf,
  callsFor,
  conversationIn,
  managerPicks,
  replySteps,
  synthesisSays,
} from "./support/model-calls.ts";
import { retry } from "./support/retry-fixture.ts";
import { textOf, tinySettings } from "./support/small-model.ts";

type Mode = "tag" | "roundtable" | "orchestrator";

const createSynthesis = (mode: Mode, synthesis: string, agents = ["ada", "bob"]) =>
  createTurnFixture({ agents, mode, orchestration: { synthesis } });

const asked = async ({ models }: TurnFixture) => (await models.journal()).map(callerOf);
const resultOf = async (fixture: TurnFixture, turnId: string) =>
  (await fixture.read(turnId)).body.audit.map(
    ({ orchestration }: { orchestration: { synthesis_result: string } | null }) =>
      orchestration?.synthesis_result ?? null,
  );

describe.each(["tag", "roundtable", "orchestrator"] as const)(
  "the synthesis of a turn in mode %s",
  (mode) => {
    test("sees all answers and failures, is the turn's output, and is billed like an agent's answer", async () => {
      const fixture = await createSynthesis(mode, "manager", ["ada", "bob", "cy"]);
      await fixture.models.script(
        managerPicks("ada", "bob", "cy"),
        synthesisSays({ text: "all in one", usage: { prompt_tokens: 300, completion_tokens: 30 } }),
        says("ada", "one"),
        says("bob", { status: 400 }),
        says("cy", "three"),
      );

      const { body } = await fixture.post("@ada @bob @cy hello");

      expect(replySteps(body)).toEqual(["ada#1", "bob#1", "cy#1", "synthesis"]);
      expect(body).toMatchObject({ status: "partial", assistant_output: "all in one" });
      expect(body.model_alias_used).toBe(mode === "roundtable" ? "roundtable" : "multi-agent");
      expect(body.replies[3]).toMatchObject({
        role: "synthesis",
        round: null,
        agent_key: "manager",
        agent_name: "Manager",
        content: "all in one",
        status: "completed",
      });
      const [call] = callsFor(await fixture.models.journal(), "synthesis");
      expect(conversationIn(call)).toEqual([
        "@ada @bob @cy hello",
        "[Ada]: one",
        expect.stringMatching(/^\[Bob\]: \[\[agent_error\]\] agent=Bob type=/),
        "[Cy]: three",
      ]);
      const { llm_calls, audit } = (await fixture.read(body.id)).body;
      expect(llm_calls.at(-1)).toMatchObject({
        step: "synthesis",
        agent_key: "manager",
        model_alias: "deepseek",
        input_tokens_fresh: 300,
        output_tokens: 30,
      });
      expect(Number(llm_calls.at(-1).credits)).toBeGreaterThan(0);
      expect(audit.at(-1)).toMatchObject({ step: "synthesis", agent_key: "manager" });
      expect(audit[0].orchestration).toMatchObject({ synthesis: "manager", synthesis_result: "completed" });
    });

    test("is skipped where no agent answered", async () => {
      const fixture = await createSynthesis(mode, "manager");
      await fixture.models.script(
        managerPicks("ada", "bob"),
        says("ada", { status: 400 }),
        says("bob", { status: 400 }),
      );

      const { body } = await fixture.post("@ada @bob hello");

      expect(body.status).toBe("failed");
      expect(replySteps(body)).toEqual(["ada#1", "bob#1"]);
      expect(await asked(fixture)).not.toContain("synthesis");
      expect(await resultOf(fixture, body.id)).toEqual(["skipped", null]);
    });

    test("that fails makes the turn partial, and no answer is lost", async () => {
      const fixture = await createSynthesis(mode, "manager");
      await fixture.models.script(
        managerPicks("ada", "bob"),
        synthesisSays({ status: 400 }),
        says("ada", "one"),
        says("bob", "two"),
      );

      const { body } = await fixture.post("@ada @bob hello");

      expect(body.status).toBe("partial");
      expect(body.assistant_output).toMatch(/^Ada: one\n\nBob: two\n\nManager: \[\[agent_error\]\]/);
      expect(body.replies[2]).toMatchObject({ step: "synthesis", status: "failed" });
      expect(await resultOf(fixture, body.id)).toEqual(["failed", null, null]);
    });
  },
);

describe("the synthesis is written by", () => {
  test("an agent of the room, with its role and the turn's model", async () => {
    const fixture = await createSynthesis("tag", "BOB");
    await fixture.models.script(synthesisSays("together"), says("ada", "one"));

    const { body } = await fixture.post("@ada hello", { modelAliasOverride: "llama" });

    expect(body).toMatchObject({
      assistant_output: "together",
      model_alias_used: "multi-agent",
      replies: [{ agent_key: "ada" }, { agent_key: "bob", agent_name: "Bob", role: "synthesis" }],
    });
    expect((await fixture.models.journal()).map(({ model }) => model)).toEqual([
      "meta-llama/llama-4-scout",
      "meta-llama/llama-4-scout",
    ]);
  });

  test("the only agent, whose alias stays that of the turn", async () => {
    const fixture = await createSynthesis("tag", "ada");
    const { body } = await fixture.post("@ada hello");
    expect(replySteps(body)).toEqual(["ada#1", "synthesis"]);
    expect(body.model_alias_used).toBe("deepseek");
  });

  test("the manager with its own model, whatever the turn's override", async () => {
    const fixture = await createTurnFixture({
      mode: "tag",
      orchestration: { synthesis: "manager" },
      settings: { MANAGER_MODEL_ALIAS: "qwen" },
    });
    await fixture.post("@ada hello", { modelAliasOverride: "llama" });
    expect((await fixture.models.journal()).map(({ model }) => model)).toEqual([
      "meta-llama/llama-4-scout",
      "qwen/qwen3-235b-a22b",
    ]);
  });

  test("no one where the agent has left the room, and the audit has the reason", async () => {
    const fixture = await createSynthesis("tag", "zoe");
    const { body } = await fixture.post("@ada hello");
    expect(replySteps(body)).toEqual(["ada#1"]);
    expect(await resultOf(fixture, body.id)).toEqual(["agent_gone"]);
  });
});

test("a synthesis that the answers leave no room for fails by itself, and no model is called for it", async () => {
  const fixture = await createTurnFixture({
    agents: ["ada", "bob"],
    mode: "tag",
    orchestration: { synthesis: "manager" },
    settings: tinySettings({ MANAGER_MODEL_ALIAS: "tiny" }),
  });
  await fixture.models.script(says("ada", textOf(16_000)), says("bob", textOf(16_000)));

  const { body } = await fixture.post("@ada @bob hello");

  expect(body).toMatchObject({ status: "partial", overflow_rejected: true });
  expect(body.replies).toMatchObject([
    { status: "completed" },
    { status: "completed" },
    { step: "synthesis", status: "failed", error: { code: "context_budget_exceeded" } },
  ]);
  expect(await asked(fixture)).toEqual(["ada", "bob"]);
  const { audit } = (await fixture.read(body.id)).body;
  expect(audit.at(-1)).toMatchObject({ step: "synthesis", model_alias: "tiny", counted_input_tokens: null });
});

describe("a retry of a turn with a synthesis", () => {
  test("runs only the synthesis where only it failed", async () => {
    const fixture = await createSynthesis("tag", "manager");
    await fixture.models.script(synthesisSays({ status: 400 }, 1), synthesisSays("at last", 2));
    const { body: first } = await fixture.post("@ada @bob hello");
    const before = (await asked(fixture)).length;

    const { body } = await retry(fixture, first.id);

    expect((await asked(fixture)).slice(before)).toEqual(["synthesis"]);
    expect(body).toMatchObject({ status: "completed", assistant_output: "at last" });
    expect(replySteps(body)).toEqual(["ada#1", "bob#1", "synthesis"]);
    expect(conversationIn((await fixture.models.journal()).at(-1))).toEqual([
      "@ada @bob hello",
      expect.stringMatching(/^\[Ada\]: /),
      expect.stringMatching(/^\[Bob\]: /),
    ]);
  });

  test("keeps a completed synthesis, and marks it stale where the retry brought an answer", async () => {
    const fixture = await createSynthesis("tag", "manager");
    await fixture.models.script(
      synthesisSays("without Bob"),
      says("ada", "one"),
      says("bob", { status: 400 }),
    );
    const { body: first } = await fixture.post("@ada @bob hello");
    await fixture.models.script(says("bob", "two"));
    const before = (await asked(fixture)).length;

    const { body } = await retry(fixture, first.id);

    expect((await asked(fixture)).slice(before)).toEqual(["bob"]);
    expect(first.replies[2]).not.toHaveProperty("stale");
    expect(body).toMatchObject({ status: "completed", assistant_output: "without Bob" });
    expect(body.replies).toMatchObject([
      { step: "ada#1" },
      { step: "bob#1", content: "two" },
      { step: "synthesis", stale: true },
    ]);
    expect(await resultOf(fixture, body.id)).toEqual(["completed", null, null, "kept"]);
  });

  test("writes a synthesis that was skipped, last, with the new answers", async () => {
    const fixture = await createSynthesis("roundtable", "manager");
    await fixture.models.script(says("ada", { status: 400 }), says("bob", { status: 400 }));
    const { body: first } = await fixture.post("hello");
    // What the room is set to now is for its next turn.
    await fixture.api
      .as(fixture.owner)
      .patch(`/rooms/${fixture.roomId}`, { orchestration: { synthesis: "off" } });
    await fixture.models.script(synthesisSays("in one"), says("ada", "one"), says("bob", "two"));

    const { body } = await retry(fixture, first.id);

    expect(replySteps(body)).toEqual(["ada#1", "bob#1", "synthesis"]);
    expect(body).toMatchObject({ status: "completed", assistant_output: "in one" });
  });

  test("writes none where the turn was planned without", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(says("bob", { status: 400 }));
    const { body: first } = await fixture.post("@ada @bob hello");
    await fixture.api
      .as(fixture.owner)
      .patch(`/rooms/${fixture.roomId}`, { orchestration: { synthesis: "ada" } });
    await fixture.models.script();

    const { body } = await retry(fixture, first.id);

    expect(replySteps(body)).toEqual(["ada#1", "bob#1"]);
  });
});
