import { describe, expect, test } from "vitest";
import { createSession } from "../../support/api.ts";
import { createTurnFixture, noRows, says } from "../../support/turn-fixture.ts";
import { insertBudget, readBudget } from "./support.ts";

const usage = { prompt_tokens: 1_000, completion_tokens: 650 };
/** What that usage costs with `deepseek`. */
const cost = "0.10000000";

describe("a turn under a budget", () => {
  test.each(["user", "room", "session"] as const)(
    "holds what it may spend of its %s, and books what it cost",
    async (scope) => {
      const fixture = await createTurnFixture();
      const { sql, owner, roomId, sessionId } = fixture;
      const of = { user: { userId: owner.userId }, room: { roomId }, session: { sessionId } }[scope];
      const budget = await insertBudget(sql, of, { limit: "5" });
      await fixture.models.script(says("ada", { text: "hi", usage, hold: "gate" }));

      const post = fixture.post("@ada hello");
      await fixture.models.wait({ calls: 1 });
      const running = await readBudget(sql, budget);
      await fixture.models.release("gate");
      const answer = await post;

      expect(answer.body).toMatchObject({ status: "completed", usage: { credits: cost } });
      expect(running).toEqual({ spent: "0.00000000", held: "5.00000000" });
      expect(await readBudget(sql, budget)).toEqual({ spent: cost, held: "0.00000000" });
    },
  );

  test("is refused with 402 where nothing is left, before any model is called, and the session stays free", async () => {
    const fixture = await createTurnFixture();
    const { sql, owner } = fixture;
    await insertBudget(sql, { userId: owner.userId }, { limit: "0" });

    for (const headers of [{}, { Accept: "text/event-stream" }]) {
      const answer = await fixture.api
        .as(owner)
        .post(fixture.turnsPath, { message: "@ada hello" }, { headers });
      expect(answer).toMatchObject({
        status: 402,
        body: {
          code: "budget_exhausted",
          scope: "user",
          limit: "0.00000000",
          spent: "0.00000000",
          resets_at: null,
        },
      });
    }
    expect(await fixture.models.journal()).toEqual([]);
    expect(await fixture.rowCounts()).toEqual(noRows);
    expect(await fixture.claim()).toBeUndefined();
  });

  test("is told when its period ends", async () => {
    const fixture = await createTurnFixture();
    await insertBudget(fixture.sql, { roomId: fixture.roomId }, { limit: "0.01", period: "day" });
    const { body } = await fixture.post("@ada hello");
    const now = new Date();
    const midnight = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
    expect(body).toMatchObject({ scope: "room", limit: "0.01000000", resets_at: midnight.toISOString() });
  });

  test("is refused with 409 where running turns hold the rest, and runs once they are over", async () => {
    const fixture = await createTurnFixture();
    const { sql, owner, api, roomId } = fixture;
    await insertBudget(sql, { userId: owner.userId }, { limit: "5" });
    await fixture.models.script(says("ada", { text: "hi", usage, hold: "gate" }, 1), says("ada", "again"));
    const other = await createSession(api, owner, roomId);
    const first = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });

    const path = `/sessions/${other.id}/turns`;
    const refused = await api.as(owner).post(path, { message: "@ada hello" });
    await fixture.models.release("gate");
    await first;
    const taken = await api.as(owner).post(path, { message: "@ada hello" });

    expect(refused).toMatchObject({
      status: 409,
      body: { code: "budget_in_use", scope: "user", limit: "5.00000000" },
    });
    expect(refused.headers.get("Retry-After")).toBe("5");
    expect(taken).toMatchObject({ status: 201, body: { status: "completed" } });
  });

  test("may lower what it holds with max_credits", async () => {
    const fixture = await createTurnFixture();
    const { sql, owner, api } = fixture;
    const budget = await insertBudget(sql, { userId: owner.userId }, { limit: "5" });
    await fixture.models.script(says("ada", { text: "hi", usage, hold: "gate" }));
    const post = api.as(owner).post(fixture.turnsPath, { message: "@ada hello", max_credits: "1.5" });
    await fixture.models.wait({ calls: 1 });
    expect(await readBudget(sql, budget)).toMatchObject({ held: "1.50000000" });
    await fixture.models.release("gate");
    expect((await post).status).toBe(201);
  });

  test("gives back what it held where it is refused after its claim", async () => {
    const fixture = await createTurnFixture();
    const budget = await insertBudget(fixture.sql, { roomId: fixture.roomId }, { limit: "5" });
    expect(await fixture.post("nobody is tagged")).toMatchObject({
      body: { code: "no_valid_tagged_agents" },
    });
    expect(await readBudget(fixture.sql, budget)).toEqual({ spent: "0.00000000", held: "0.00000000" });
  });
});

test("credits that are required and not there are none: 402", async () => {
  const fixture = await createTurnFixture({ settings: { CREDITS_REQUIRED: "on" } });
  expect(await fixture.post("@ada hello")).toMatchObject({
    status: 402,
    body: { code: "budget_exhausted", scope: "user", limit: "0.00000000" },
  });
  await insertBudget(fixture.sql, { userId: fixture.owner.userId }, { limit: "1" });
  expect((await fixture.post("@ada hello")).status).toBe(201);
});

describe("a budget that ends in the middle of a turn", () => {
  test("fails the agents it does not pay for, and a retry asks only those", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    const { sql, owner, api, roomId } = fixture;
    const budget = await insertBudget(sql, { roomId }, { limit: "0.3" });
    const spends = { prompt_tokens: 100, completion_tokens: 2_800 };
    await fixture.models.script(says("ada", { text: "much", usage: spends }), says("bob", "little"));

    const { body: turn } = await fixture.post("hello");

    expect(turn).toMatchObject({
      status: "partial",
      replies: [{ status: "completed" }, { status: "failed", error: { code: "budget_exhausted" } }],
    });
    expect(await fixture.models.journal()).toHaveLength(1);
    const [, audit] = (await fixture.read(turn.id)).body.audit;
    expect(audit).toMatchObject({ agent_key: "bob", skipped_budget: true });
    await sql`update budgets set limit_credits = 5 where id = ${budget}`;
    const retried = await api.as(owner).post(`${fixture.turnsPath}/${turn.id}/retry`);
    expect(retried.body).toMatchObject({
      status: "completed",
      replies: [{ content: "much" }, { content: "little" }],
    });
    expect(await fixture.models.journal()).toHaveLength(2);
  });

  test("lets an agent answer with less output than it asked for", async () => {
    const fixture = await createTurnFixture();
    await insertBudget(fixture.sql, { userId: fixture.owner.userId }, { limit: "0.1" });
    expect((await fixture.post("@ada hello")).body).toMatchObject({ status: "completed" });
    const [call] = await fixture.models.journal();
    expect(call?.body.max_tokens).toBeGreaterThanOrEqual(256);
    expect(call?.body.max_tokens).toBeLessThan(1_000);
  });
});
