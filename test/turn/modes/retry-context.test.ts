import { describe, expect, test } from "vitest";
import { createSession } from "../../support/api.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { storedSummaries } from "./support/history.ts";
import { callerOf, callsFor, conversationIn, summaryTextIs } from "./support/model-calls.ts";
import { retry } from "./support/retry-fixture.ts";
import { textOf, tinySettings } from "./support/small-model.ts";
import { createSummaryFixture, talk } from "./support/summary-fixture.ts";

const client = ({ api, owner }: TurnFixture) => api.as(owner);

test("a retry uses the turn's own mode and consumes no pending mode", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
  await fixture.models.script(says("bob", { status: 400 }));
  const { body: first } = await fixture.post("hello");
  await client(fixture).patch(`/rooms/${fixture.roomId}/mode`, { mode: "tag" });
  await fixture.models.script();

  const { body } = await retry(fixture, first.id);

  expect(body).toMatchObject({ mode: "roundtable", status: "completed", model_alias_used: "roundtable" });
  expect((await client(fixture).get(`/rooms/${fixture.roomId}`)).body).toMatchObject({
    current_mode: "roundtable",
    pending_mode: "tag",
  });
});

test("a retry uses an agent's own model: an override applies to its own request only", async () => {
  const fixture = await createTurnFixture({ agents: [{ key: "ada", modelAlias: "qwen" }] });
  await fixture.models.script(says("ada", { status: 400 }));
  const { body: first } = await fixture.post("@ada hello", { modelAliasOverride: "llama" });
  await fixture.models.script();

  const { body } = await retry(fixture, first.id);

  expect([first.model_alias_used, body.model_alias_used]).toEqual(["llama", "qwen"]);
  const models = (await fixture.models.journal()).map(({ model }) => model);
  expect(models).toEqual(["meta-llama/llama-4-scout", "qwen/qwen3-235b-a22b"]);
});

test("a retry leaves a pending mode to the next turn, even where it is the retried turn's mode", async () => {
  const fixture = await createTurnFixture({ agents: ["ada"], mode: "roundtable" });
  await fixture.models.script(says("ada", { status: 400 }));
  const { body: first } = await fixture.post("hello");
  const switchMode = (mode: string) => client(fixture).patch(`/rooms/${fixture.roomId}/mode`, { mode });
  await fixture.models.script();
  // A turn of another session of the room takes it to another mode, from which it is to go back.
  await switchMode("tag");
  const { id: otherSession } = await createSession(fixture.api, fixture.owner, fixture.roomId);
  const other = await client(fixture).post(`/sessions/${otherSession}/turns`, { message: "@ada hello" });
  await switchMode("roundtable");

  const { body } = await retry(fixture, first.id);

  expect([other.body.mode, body.mode, body.status]).toEqual(["tag", "roundtable", "completed"]);
  expect((await client(fixture).get(`/rooms/${fixture.roomId}`)).body).toMatchObject({
    current_mode: "tag",
    pending_mode: "roundtable",
  });
});

test("a retry uses the current role, model and goal, and the conversation before the turn", async () => {
  const fixture = await createTurnFixture({ agents: ["ada"], goal: "Old goal" });
  await fixture.post("@ada the turn before");
  await fixture.models.script(says("ada", { status: 400 }));
  const { body: first } = await fixture.post("@ada hello");
  await client(fixture).patch(`/rooms/${fixture.roomId}`, { goal: "New goal" });
  await client(fixture).patch(`/rooms/${fixture.roomId}/agents/ada`, {
    model_alias: "qwen",
    role_prompt: "New role.",
  });
  await fixture.models.script();

  const { body } = await retry(fixture, first.id);

  expect(body.status).toBe("completed");
  const call = (await fixture.models.journal()).at(-1);
  expect(call?.model).toBe("qwen/qwen3-235b-a22b");
  expect(call?.messages[0]?.content).toContain("Agent role: New role.");
  expect(call?.messages[0]?.content).toContain("Room goal: New goal");
  expect(conversationIn(call)).toEqual([
    "@ada the turn before",
    "ok from deepseek/deepseek-v3.1-terminus",
    "@ada hello",
  ]);
});

describe("where an agent of the turn has been removed since", () => {
  async function removeBob(failing: string[]) {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    await fixture.models.script(...failing.map((key) => says(key, { status: 400 })));
    const { body: first } = await fixture.post("hello");
    await client(fixture).delete(`/rooms/${fixture.roomId}/agents/bob`);
    await fixture.models.script();
    const calls = (await fixture.models.journal()).length;
    const answer = await retry(fixture, first.id, { key: "k" });
    return { fixture, first, answer, calls: (await fixture.models.journal()).slice(calls) };
  }

  test("the others are asked again, and its failure stays", async () => {
    const { answer, calls } = await removeBob(["bob", "cy"]);
    expect(calls.map(callerOf)).toEqual(["cy"]);
    expect(answer.body).toMatchObject({
      status: "partial",
      replies: [
        { agent_key: "ada" },
        { agent_key: "bob", status: "failed" },
        { agent_key: "cy", status: "completed" },
      ],
    });
  });

  test("there is nothing to retry if only it had failed, and no claim is left", async () => {
    const { fixture, first, answer, calls } = await removeBob(["bob"]);
    expect(answer).toMatchObject({ status: 409, body: { code: "nothing_to_retry" } });
    expect(calls).toEqual([]);
    expect(await fixture.claim()).toBeUndefined();
    expect((await fixture.read(first.id)).body).toMatchObject(first);
  });
});

describe("the budget of a retry", () => {
  test("includes the answers that are kept, also where all agents answered at once", async () => {
    const fixture = await createTurnFixture({
      agents: ["ada", { key: "bob", modelAlias: "tiny" }],
      settings: tinySettings(),
    });
    await fixture.models.script(says("ada", textOf(31_000)), says("bob", { status: 400 }));
    const { body: first } = await fixture.post("@ada @bob hello");

    const answer = await retry(fixture, first.id);

    expect(first.status).toBe("partial");
    expect(answer).toMatchObject({ status: 422, body: { code: "context_budget_exceeded" } });
  });

  test("is exceeded where these answers do not fit: the claim is released, and the turn is unchanged", async () => {
    const fixture = await createTurnFixture({
      agents: ["ada", { key: "bob", modelAlias: "tiny" }],
      mode: "roundtable",
      settings: tinySettings(),
    });
    await fixture.models.script(says("ada", textOf(31_000)));
    const { body: first } = await fixture.post("hello");
    const calls = (await fixture.models.journal()).length;

    const answer = await retry(fixture, first.id);

    expect(first).toMatchObject({ status: "partial", overflow_rejected: true });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: "context_budget_exceeded", input_budget: 5_530 },
    });
    expect(await fixture.models.journal()).toHaveLength(calls);
    expect(await fixture.claim()).toBeUndefined();
    expect((await fixture.read(first.id)).body).toMatchObject(first);
  });
});

describe("a summary that is due with a turn", () => {
  test("and was made then is not made again by the retry, which still reports it", async () => {
    const fixture = await createSummaryFixture();
    await fixture.models.script(says("ada", { status: 400 }, 3));
    const [, , third] = await talk(fixture, 3);
    const calls = (await fixture.models.journal()).length;

    const { body } = await retry(fixture, third.id);

    expect(third).toMatchObject({ status: "failed", summary_triggered: true });
    expect(body).toMatchObject({ status: "completed", summary_triggered: true });
    expect((await fixture.models.journal()).slice(calls).map(callerOf)).toEqual(["ada"]);
    expect(await storedSummaries(fixture)).toHaveLength(1);
  });

  test("and failed then is not tried by the retry: the next try is four turns later", async () => {
    const fixture = await createSummaryFixture();
    await fixture.models.script(says("ada", { status: 400 }, 3), summaryTextIs({ status: 400 }, 1));
    const [, , third] = await talk(fixture, 3);

    const { body } = await retry(fixture, third.id);

    expect(third).toMatchObject({ status: "failed", summary_triggered: false });
    expect(body).toMatchObject({ status: "completed", summary_triggered: false });
    expect(callsFor(await fixture.models.journal(), "summary_text")).toHaveLength(1);
    expect(await storedSummaries(fixture)).toEqual([]);
  });

  test("covers a retried turn with its answer once and without its failure", async () => {
    const fixture = await createSummaryFixture();
    await fixture.models.script(says("ada", { status: 400 }, 1), says("ada", "the second try", 2));
    const [first] = await talk(fixture, 1);
    await retry(fixture, first.id);
    await talk(fixture, 3);

    expect(await storedSummaries(fixture)).toMatchObject([{ from_seq: 1, to_seq: 3 }]);
    const [call] = callsFor(await fixture.models.journal(), "summary_text");
    const shown = call?.messages[1]?.content ?? "";
    expect(shown.split("the second try")).toHaveLength(2);
    expect(shown).not.toContain("agent_error");
  });
});
