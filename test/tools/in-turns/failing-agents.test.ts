import { afterEach, describe, expect, test, vi } from "vitest";
import { says } from "../../support/turn-scene.ts";
import { createToolScene, promptOf, searchesFor, type ToolScene } from "./tool-scene.ts";

afterEach(() => vi.useRealTimers());

const broken = { status: 500, headers: { "x-should-retry": "false" } };

const retry = ({ api, owner, turnsPath }: ToolScene, turnId: string) =>
  api.as(owner).post(`${turnsPath}/${turnId}/retry`);

/** Ada searches twice and fails at her third call; Bob searches once. */
async function failInRoundThree() {
  const scene = await createToolScene({ agents: ["ada", "bob"] });
  await scene.models.script(
    says("ada", searchesFor("one"), 1),
    says("ada", { text: "So far.", ...searchesFor("two") }, 2),
    says("ada", broken, 3),
    says("bob", searchesFor("three"), 1),
    says("bob", "Bob is done.", 2),
  );
  return { scene, posted: await scene.post("@ada @bob go") };
}

describe("an agent whose model fails in its third round", () => {
  test("leaves a failed reply and its tools' events; the other is not affected", async () => {
    const { scene, posted } = await failInRoundThree();

    expect(posted.body).toMatchObject({
      status: "partial",
      replies: [
        { agent_key: "ada", status: "failed", error: { code: "model_error" } },
        { agent_key: "bob", status: "completed", content: "Bob is done." },
      ],
    });
    expect(posted.body.tool_calls).toHaveLength(3);
    const rows = await scene.toolRows();
    expect(rows.map(({ agent_key, round, status }) => `${agent_key} ${round} ${status}`).toSorted()).toEqual([
      "ada 1 success",
      "ada 2 success",
      "bob 1 success",
    ]);
    expect(await scene.rounds()).toEqual(["ada 1", "ada 2", "bob 1", "bob 2"]);
    expect(JSON.stringify(posted.body.replies)).not.toContain("So far.");
  });

  test("uses its tools again when it is retried, and both runs are on record", async () => {
    const { scene, posted } = await failInRoundThree();
    await scene.models.script(says("ada", searchesFor("four"), 1), says("ada", "Ada is done.", 2));

    const { status, body } = await retry(scene, posted.body.id);

    expect(status).toBe(201);
    expect((await scene.read(posted.body.id)).body).toMatchObject(body);
    expect(body).toMatchObject({
      status: "completed",
      replies: [{ agent_key: "ada", content: "Ada is done." }, { agent_key: "bob" }],
    });
    const asked = body.tool_calls.map((call: { input: { query: string } }) => call.input.query);
    expect(asked.toSorted()).toEqual(["four", "one", "three", "two"]);
    expect(asked.at(-1)).toBe("four");
    const runs = new Set((await scene.toolRows()).map(({ run_id }) => run_id));
    expect(runs.size).toBe(2);
    expect((await scene.searched()).at(-1)).toBe("four");
    const last = (await scene.models.journal()).at(-1);
    expect(promptOf(last)).not.toContain("About three");
  });
});

test("a retry by trigger searches for the agent that failed alone", async () => {
  const scene = await createToolScene({ agents: ["ada", "bob"] });
  await scene.models.script(says("ada", broken), says("bob", "Bob is done."));
  const { body } = await scene.post("@ada @bob search: cats");
  await scene.models.script(says("ada", "Ada is done."));

  expect((await retry(scene, body.id)).body.status).toBe("completed");

  const rows = await scene.toolRows();
  expect(rows.map(({ agent_key, round }) => `${agent_key} ${round}`).toSorted()).toEqual([
    "ada 0",
    "ada 0",
    "bob 0",
  ]);
  expect(await scene.searched()).toHaveLength(3);
});

test.each([
  ["its user asked for", "@ada @bob search: cats", 0],
  ["its model asked for", "@ada @bob cats?", 1],
])(
  "the deadline that passes during a tool %s ends it; what was done is on record",
  async (_, message, round) => {
    const scene = await createToolScene({
      agents: ["ada", "bob"],
      permissions: { ada: ["search"] },
      settings: { TURN_TIMEOUT_MS: "5000" },
    });
    await scene.search.script({ default: { hang: "before_headers" } });
    await scene.models.script(says("ada", searchesFor("cats")), says("bob", "Bob is done."));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const post = scene.post(message);
    await scene.models.wait({ settled: 1 + round });
    while ((await scene.searched()).length === 0);
    await vi.advanceTimersByTimeAsync(5_000);

    const { body } = await post;

    expect(body).toMatchObject({
      status: "partial",
      replies: [{ status: "failed", error: { code: "deadline" } }, { content: "Bob is done." }],
    });
    const event = { agent_key: "ada", round, status: "error", input: { query: "cats" } };
    expect(body.tool_calls).toMatchObject([event]);
    expect(await scene.toolRows()).toMatchObject([event]);
    expect(await scene.rounds()).toEqual(round === 0 ? ["bob 1"] : ["ada 1", "bob 1"]);
    expect(await scene.claim()).toBeUndefined();
  },
);
