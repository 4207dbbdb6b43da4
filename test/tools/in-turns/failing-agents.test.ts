import { afterEach, describe, expect, test, vi } from "vitest";
import { holdTimers } from "../../support/held-timers.ts";
import { says } from "../../support/turn-fixture.ts";
import { createToolFixture, promptOf, searchesFor, type ToolFixture } from "./tool-fixture.ts";

afterEach(() => vi.useRealTimers());

const broken = { status: 500, headers: { "x-should-retry": "false" } };

const retry = ({ api, owner, turnsPath }: ToolFixture, turnId: string) =>
  api.as(owner).post(`${turnsPath}/${turnId}/retry`);

/** Ada searches twice and fails at her third call; Bob searches once. */
async function failInRoundThree() {
  const fixture = await createToolFixture({ agents: ["ada", "bob"] });
  await fixture.models.script(
    says("ada", searchesFor("one"), 1),
    says("ada", { text: "So far.", ...searchesFor("two") }, 2),
    says("ada", broken, 3),
    says("bob", searchesFor("three"), 1),
    says("bob", "Bob is done.", 2),
  );
  return { fixture, posted: await fixture.post("@ada @bob go") };
}

describe("an agent whose model fails after two tool calls", () => {
  test("leaves a failed reply and its tool events; the other agent is not affected", async () => {
    const { fixture, posted } = await failInRoundThree();

    expect(posted.body).toMatchObject({
      status: "partial",
      replies: [
        { agent_key: "ada", status: "failed", error: { code: "model_error" } },
        { agent_key: "bob", status: "completed", content: "Bob is done." },
      ],
    });
    expect(posted.body.tool_calls).toHaveLength(3);
    const rows = await fixture.toolRows();
    expect(rows.map(({ agent_key, round, status }) => `${agent_key} ${round} ${status}`).toSorted()).toEqual([
      "ada 1 success",
      "ada 2 success",
      "bob 1 success",
    ]);
    expect(await fixture.rounds()).toEqual(["ada 1", "ada 2", "bob 1", "bob 2"]);
    expect(JSON.stringify(posted.body.replies)).not.toContain("So far.");
  });

  test("uses its tools again in a retry, and both runs are recorded", async () => {
    const { fixture, posted } = await failInRoundThree();
    await fixture.models.script(says("ada", searchesFor("four"), 1), says("ada", "Ada is done.", 2));

    const { status, body } = await retry(fixture, posted.body.id);

    expect(status).toBe(201);
    expect((await fixture.read(posted.body.id)).body).toMatchObject(body);
    expect(body).toMatchObject({
      status: "completed",
      replies: [{ agent_key: "ada", content: "Ada is done." }, { agent_key: "bob" }],
    });
    const asked = body.tool_calls.map((call: { input: { query: string } }) => call.input.query);
    expect(asked.toSorted()).toEqual(["four", "one", "three", "two"]);
    expect(asked.at(-1)).toBe("four");
    const runs = new Set((await fixture.toolRows()).map(({ run_id }) => run_id));
    expect(runs.size).toBe(2);
    expect((await fixture.searched()).at(-1)).toBe("four");
    const last = (await fixture.models.journal()).at(-1);
    expect(promptOf(last)).not.toContain("About three");
  });
});

test("searches again in a retry by trigger, and no other agent does", async () => {
  const fixture = await createToolFixture({ agents: ["ada", "bob"] });
  await fixture.models.script(says("ada", broken), says("bob", "Bob is done."));
  const { body } = await fixture.post("@ada @bob search: cats");
  await fixture.models.script(says("ada", "Ada is done."));

  expect((await retry(fixture, body.id)).body.status).toBe("completed");

  const rows = await fixture.toolRows();
  expect(rows.map(({ agent_key, round }) => `${agent_key} ${round}`).toSorted()).toEqual([
    "ada 0",
    "ada 0",
    "bob 0",
  ]);
  expect(await fixture.searched()).toHaveLength(3);
});

test.each([
  ["its user asked for", "@ada @bob search: cats", 0],
  ["its model asked for", "@ada @bob cats?", 1],
])(
  "the deadline that passes while a tool %s ends the turn, and the tool call is recorded",
  async (_, message, round) => {
    const fixture = await createToolFixture({
      agents: ["ada", "bob"],
      permissions: { ada: ["search"] },
      settings: { TURN_TIMEOUT_MS: "5000" },
    });
    await fixture.search.script({ default: { hang: "before_headers" } });
    await fixture.models.script(says("ada", searchesFor("cats")), says("bob", "Bob is done."));
    const timers = holdTimers();
    const post = fixture.post(message);
    await fixture.models.wait({ settled: 1 + round });
    while ((await fixture.searched()).length === 0);
    await timers.pass(5_000, fixture.sessionId);

    const { body } = await post;

    expect(body).toMatchObject({
      status: "partial",
      replies: [{ status: "failed", error: { code: "deadline" } }, { content: "Bob is done." }],
    });
    const event = { agent_key: "ada", round, status: "error", input: { query: "cats" } };
    expect(body.tool_calls).toMatchObject([event]);
    expect(await fixture.toolRows()).toMatchObject([event]);
    expect(await fixture.rounds()).toEqual(round === 0 ? ["bob 1"] : ["ada 1", "bob 1"]);
    expect(await fixture.claim()).toBeUndefined();
  },
);
