import { describe, expect, test } from "vitest";
import { createTurnFixture } from "../../support/turn-fixture.ts";
import {
  agentSays,
  callsFor,
  conversationIn,
  managerPicksInRounds,
  managerSays,
  replySteps,
} from "./support/model-calls.ts";

const createRounds = (agents: string[], maxRounds: number) =>
  createTurnFixture({ agents, mode: "orchestrator", orchestration: { maxRounds } });

describe("a manager that may pick in several rounds", () => {
  test("picks, is sent the answers, picks again, and stops", async () => {
    const fixture = await createRounds(["ada", "bob"], 3);
    await fixture.models.script(
      ...managerPicksInRounds(["ada", "bob"], ["ada"], []),
      agentSays("ada", "first of Ada", 1),
      agentSays("bob", "first of Bob"),
      agentSays("ada", "second of Ada", 2),
    );

    const { body } = await fixture.post("which boat?");

    expect(replySteps(body)).toEqual(["ada#1", "bob#1", "ada#2"]);
    expect(body).toMatchObject({
      status: "completed",
      model_alias_used: "multi-agent",
      assistant_output: "Ada: first of Ada\n\nBob: first of Bob\n\nAda: second of Ada",
      replies: [
        { role: "agent", round: 1 },
        { role: "agent", round: 1 },
        { role: "agent", round: 2 },
      ],
    });
    const [first, second, third] = callsFor(await fixture.models.journal(), "manager");
    expect(first?.messages.map(({ content }) => content).at(-1)).toBe("The user's message:\n\nwhich boat?");
    const shown = (call: typeof first) => JSON.stringify(call?.messages.slice(1));
    expect(shown(second)).toMatch(/which boat.*\[Ada\]: first of Ada.*\[Bob\]: first of Bob/s);
    expect(shown(third)).toContain("[Ada]: second of Ada");
    const { audit } = (await fixture.read(body.id)).body;
    expect(audit[0]).toMatchObject({
      step: "ada#1",
      routing: { selected_keys: ["ada", "bob"], rule: "selected" },
      orchestration: {
        max_rounds: 3,
        synthesis: "off",
        synthesis_result: "off",
        rounds_ended_by: "manager",
        decisions: [
          { selected_keys: ["ada", "bob"], rule: "selected", verdict: "ok" },
          { selected_keys: ["ada"], rule: "selected", verdict: "ok" },
          { selected_keys: [], rule: "stopped", verdict: "ok" },
        ],
      },
      overhead_calls: [{ purpose: "routing" }, { purpose: "routing" }, { purpose: "routing" }],
    });
    expect(audit[1].orchestration).toBeNull();
  });

  test("that never stops is stopped by the room's limit", async () => {
    const fixture = await createRounds(["ada", "bob"], 2);
    await fixture.models.script(managerSays(JSON.stringify({ selected_agent_keys: ["ada"] })));

    const { body } = await fixture.post("hello");

    expect(replySteps(body)).toEqual(["ada#1", "ada#2"]);
    expect(body.model_alias_used).toBe("deepseek");
    expect(callsFor(await fixture.models.journal(), "manager")).toHaveLength(2);
    const { audit } = (await fixture.read(body.id)).body;
    expect(audit[0].orchestration.rounds_ended_by).toBe("max_rounds");
  });

  test.each([
    ["is no JSON", "rubbish", "not_json"],
    ["names strangers only", '{"selected_agent_keys":["zoe"]}', "nothing_left"],
    ["has another shape", '{"agents":["ada"]}', "wrong_shape"],
    ["fails", { status: 400 }, "call_failed"],
  ] as const)("stops where its second answer %s", async (_case, second, verdict) => {
    const fixture = await createRounds(["ada", "bob"], 3);
    await fixture.models.script(
      managerSays(JSON.stringify({ selected_agent_keys: ["bob"] }), 1),
      managerSays(second, 2),
    );

    const { body } = await fixture.post("hello");

    expect(replySteps(body)).toEqual(["bob#1"]);
    expect(body).toMatchObject({ status: "completed", model_alias_used: "deepseek" });
    expect((await fixture.read(body.id)).body.audit[0].orchestration).toMatchObject({
      rounds_ended_by: "unreadable_decision",
      decisions: [{ rule: "selected" }, { rule: "stopped", verdict, selected_keys: [] }],
    });
  });

  test("picks at most three agents a round, and each sees all answers before its own", async () => {
    const fixture = await createRounds(["ada", "bob", "cy", "dee"], 2);
    await fixture.models.script(
      ...managerPicksInRounds(["ada", "bob", "cy", "dee"], ["dee", "cy", "bob", "ada"]),
    );

    const { body } = await fixture.post("hello");

    expect(replySteps(body)).toEqual(["ada#1", "bob#1", "cy#1", "dee#1", "cy#2", "bob#2"]);
    const calls = callsFor(await fixture.models.journal(), "bob");
    const namesIn = (call: (typeof calls)[number] | undefined) =>
      JSON.stringify(call?.messages.slice(1)).match(/\[\w+\]:/g);
    expect(namesIn(calls[0])).toEqual(["[Ada]:"]);
    expect(namesIn(calls[1])).toEqual(["[Ada]:", "[Bob]:", "[Cy]:", "[Dee]:", "[Cy]:"]);
  });

  test("is sent the first 8,000 characters of an answer, of which the agents are sent all", async () => {
    const fixture = await createRounds(["ada", "bob"], 2);
    const long = "x".repeat(8_001);
    await fixture.models.script(...managerPicksInRounds(["ada"], ["bob"]), agentSays("ada", long));

    const { body } = await fixture.post("hello");

    expect(body.replies[0].content).toBe(long);
    const journal = await fixture.models.journal();
    const sent = (asked: string) => conversationIn(callsFor(journal, asked).at(-1)).at(-1);
    expect(sent("manager")).toBe(`[Ada]: ${long.slice(0, 8_000)}`);
    expect(sent("bob")).toBe(`[Ada]: ${long}`);
  });

  test("falls back in its first round to the first agent", async () => {
    const fixture = await createRounds(["ada", "bob"], 2);
    await fixture.models.script(managerSays("rubbish", 1), managerSays('{"selected_agent_keys":[]}', 2));

    const { body } = await fixture.post("hello");

    expect(replySteps(body)).toEqual(["ada#1"]);
    expect((await fixture.read(body.id)).body.audit[0].orchestration.decisions).toMatchObject([
      { rule: "fallback_first_position", verdict: "not_json" },
      { rule: "stopped", verdict: "ok" },
    ]);
  });
});

test("two answers of one agent in a turn are distinct in replies, ledger, messages and audit", async () => {
  const fixture = await createRounds(["ada", "bob"], 2);
  const usage = (prompt: number) => ({ prompt_tokens: prompt, completion_tokens: 10 });
  await fixture.models.script(
    ...managerPicksInRounds(["ada"], ["ada"]),
    agentSays("ada", { text: "one", usage: usage(100) }, 1),
    agentSays("ada", { text: "two", usage: usage(200) }, 2),
  );

  const { body } = await fixture.post("hello");

  const { replies, messages, llm_calls, audit, usage: sum } = (await fixture.read(body.id)).body;
  expect(replies).toMatchObject([
    { step: "ada#1", content: "one", round: 1 },
    { step: "ada#2", content: "two", round: 2 },
  ]);
  expect(replies[0].message_id).not.toBe(replies[1].message_id);
  expect(messages.map(({ step }: { step: string }) => step)).toEqual([null, "ada#1", "ada#2"]);
  expect(llm_calls).toMatchObject([
    { step: "ada#1", round: 1, input_tokens_fresh: 100 },
    { step: "ada#2", round: 1, input_tokens_fresh: 200 },
  ]);
  expect(llm_calls[0].id).not.toBe(llm_calls[1].id);
  expect(audit).toMatchObject([
    { step: "ada#1", counted_input_tokens: 100 },
    { step: "ada#2", counted_input_tokens: 200 },
  ]);
  expect(sum).toMatchObject({ calls: 2, total_tokens: 320 });
  expect(callsFor(await fixture.models.journal(), "ada")[1]?.messages[0]?.content).toContain(
    "You are asked again in this turn.",
  );
});

test.each(["tag", "roundtable"] as const)(
  "a room's limit of rounds means nothing in mode %s",
  async (mode) => {
    const fixture = await createTurnFixture({
      agents: ["ada", "bob"],
      mode,
      orchestration: { maxRounds: 3 },
    });

    const { body } = await fixture.post("@ada @bob hello");

    expect(replySteps(body)).toEqual(["ada#1", "bob#1"]);
    expect(callsFor(await fixture.models.journal(), "manager")).toEqual([]);
    const { audit } = (await fixture.read(body.id)).body;
    expect(audit[0].orchestration).toMatchObject({ max_rounds: 3, decisions: [], rounds_ended_by: null });
  },
);
