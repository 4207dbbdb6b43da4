import { describe, expect, test } from "vitest";
import { remarks } from "../../../dev/reconciliation.ts";
import type { TestUser } from "../../support/api.ts";
import { createSession } from "../../support/api.ts";
import { createTurnFixture, noRows, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { createToolFixture } from "../../tools/in-turns/tool-fixture.ts";
import { answersStored, expireLease } from "../recovery/support/abandoned-run.ts";
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
      expect(running.spent).toBe("0.00000000");
      // At most what was left, at least one answer of 2,048 tokens.
      expect(Number(running.held)).toBeGreaterThan(0.2);
      expect(await readBudget(sql, budget)).toEqual({ spent: cost, held: "0.00000000" });
    },
  );

  test("is refused with 402 where nothing is left, before any model is called, and the session stays free", async () => {
    const fixture = await createTurnFixture();
    const { sql, owner } = fixture;
    await insertBudget(sql, { userId: owner.userId }, { limit: "0" });

    for (const path of [fixture.turnsPath, `${fixture.turnsPath}/stream`]) {
      const answer = await fixture.api.as(owner).post(path, { message: "@ada hello" });
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

  test("says when its period ends", async () => {
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
    await insertBudget(sql, { userId: owner.userId }, { limit: "0.2" });
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
      body: { code: "budget_in_use", scope: "user", limit: "0.20000000" },
    });
    expect(refused.headers.get("Retry-After")).toBe("5");
    expect(taken).toMatchObject({ status: 201, body: { status: "completed" } });
  });

  test("may lower what it holds with max_credits", async () => {
    const fixture = await createTurnFixture();
    const { sql, owner, api } = fixture;
    const budget = await insertBudget(sql, { userId: owner.userId }, { limit: "5" });
    await fixture.models.script(says("ada", { text: "hi", usage, hold: "gate" }));
    const post = api.as(owner).post(fixture.turnsPath, { message: "@ada hello", max_credits: "0.15" });
    await fixture.models.wait({ calls: 1 });
    expect(await readBudget(sql, budget)).toMatchObject({ held: "0.15000000" });
    await fixture.models.release("gate");
    expect((await post).status).toBe(201);
  });

  test("holds nothing any more where it is refused after its claim", async () => {
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
    for (const path of ["retry", "retry/stream"]) {
      expect(await api.as(owner).post(`${fixture.turnsPath}/${turn.id}/${path}`)).toMatchObject({
        status: 402,
        body: { code: "budget_exhausted", scope: "room" },
      });
    }
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

describe("a turn whose plan costs less than its grant", () => {
  test("gives the rest back with its first checkpoint, so that other turns can run", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    const { sql, owner, api, roomId, models } = fixture;
    const budget = await insertBudget(sql, { userId: owner.userId }, { limit: "5" });
    await models.script(
      says("ada", { text: "one", usage }, 1),
      says("bob", { text: "two", usage, hold: "gate" }, 1),
    );
    const first = fixture.post("hello");
    await models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });

    const { held } = await readBudget(sql, budget);
    const other = await createSession(api, owner, roomId);
    const second = await api.as(owner).post(`/sessions/${other.id}/turns`, { message: "hello" });
    await models.release("gate");

    // Two answers of at most 2,048 tokens, and their prompts.
    expect(Number(held)).toBeGreaterThan(0.4);
    expect(Number(held)).toBeLessThan(1);
    expect(second).toMatchObject({ status: 201, body: { status: "completed" } });
    expect((await first).body.status).toBe("completed");
    expect(await readBudget(sql, budget)).toMatchObject({ held: "0.00000000" });
  });
});

describe("a run whose holder is gone", () => {
  test("keeps what it holds until it is resumed under its key, which no lack of money refuses", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    const { sql, owner, models } = fixture;
    const budget = await insertBudget(sql, { roomId: fixture.roomId }, { limit: "5" });
    await models.script(
      says("ada", { text: "one", usage }),
      says("bob", { text: "late", hold: "gate", usage }, 1),
      says("bob", { text: "two", usage }),
    );
    const lost = fixture.post("hello", { key: "k" });
    await models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    await expireLease(fixture);
    await sql`update budgets set limit_credits = 0 where id = ${budget}`;

    const resumed = await fixture.post("hello", { key: "k" });
    const replayed = await fixture.post("hello", { key: "k" });
    await models.release("gate");
    await lost;

    expect(resumed).toMatchObject({ status: 201, body: { status: "completed" } });
    expect(replayed).toMatchObject({ status: 201, body: { id: resumed.body.id } });
    expect(await fixture.post("hello", { key: "other" })).toMatchObject({ status: 402 });
    // Ada's answer, Bob's, and the one that the replaced holder reported.
    expect(await readBudget(sql, budget)).toEqual({ spent: "0.30000000", held: "0.00000000" });
    expect((await api(fixture, owner)).credits).toBe("0.30000000");
  });

  test("is settled by an open that needs what it holds", async () => {
    const fixture = await createTurnFixture();
    const { sql, owner, api: app, roomId, models } = fixture;
    await insertBudget(sql, { userId: owner.userId }, { limit: "0.2" });
    await models.script(says("ada", { text: "late", hold: "gate" }, 1), says("ada", { text: "two", usage }));
    const lost = fixture.post("@ada hello", { key: "k" });
    await models.wait({ calls: 1 });
    await expireLease(fixture);
    const other = await createSession(app, owner, roomId);

    const answer = await app.as(owner).post(`/sessions/${other.id}/turns`, { message: "@ada hello" });
    await models.release("gate");

    expect(answer).toMatchObject({ status: 201, body: { status: "completed" } });
    expect((await fixture.list()).body.data).toMatchObject([
      { status: "failed", replies: [{ error: { code: "abandoned" } }] },
    ]);
    expect((await lost).status).toBe(409);
  });
});

/** The room's usage, all of it. */
async function api(fixture: TurnFixture, owner: TestUser) {
  const { body } = await fixture.api.as(owner).get(`/rooms/${fixture.roomId}/usage?group_by=room`);
  return body.data[0];
}

test("windows go by when a run was opened, and not by when it is stored", async () => {
  const fixture = await createTurnFixture();
  const { sql, sessionId, roomId, models } = fixture;
  const day = await insertBudget(sql, { roomId }, { limit: "5", period: "day" });
  const month = await insertBudget(sql, { sessionId }, { limit: "5", period: "month" });
  await models.script(
    says("ada", { text: "late", usage, hold: "gate" }, 1),
    says("ada", { text: "hi", usage }, 2),
  );
  const lost = fixture.post("@ada hello", { key: "k" });
  await models.wait({ calls: 1 });
  // As if it had been opened before midnight of the last day of a month, when the budgets were there already.
  const before = "2026-01-31T23:59:59.999Z";
  await sql`update budgets set created_at = '2026-01-01T00:00:00Z' where id in (${day}, ${month})`;
  await sql`update turn_claims set opened_at = ${before} where session_id = ${sessionId}`;

  await expireLease(fixture);

  const resumed = await fixture.post("@ada hello", { key: "k" });
  await models.release("gate");
  await lost;

  expect(resumed.body).toMatchObject({ status: "completed" });
  // The answer, and what the replaced holder reported later.
  const windows = await sql`select period, extract(epoch from window_start)::bigint::text as start, spent
    from budget_windows w join budgets b on b.id = w.budget_id where b.id in (${day}, ${month}) and spent > 0
    order by period`;
  expect(windows).toEqual([
    { period: "day", start: String(Date.UTC(2026, 0, 31) / 1_000), spent: "0.20000000" },
    { period: "month", start: String(Date.UTC(2026, 0, 1) / 1_000), spent: "0.20000000" },
  ]);
  const { body } = await fixture.api.as(fixture.owner).get(`/rooms/${roomId}/usage`);
  expect(body.data).toMatchObject([{ day: "2026-01-31", credits: "0.20000000" }]);
});

describe("a tool that has a price", () => {
  const call = (id: string) => ({ id, name: "search", arguments: '{"query":"cats"}' });
  const asksTwice = [
    says("ada", { tool_calls: [call("one")], usage }, 1),
    says("ada", { tool_calls: [call("two")], usage }, 2),
    says("ada", { text: "Found.", usage }, 3),
  ];

  test("is charged for each call that succeeds", async () => {
    const fixture = await createToolFixture({ settings: { TOOL_PRICES: '{"search":"0.02"}' } });
    const budget = await insertBudget(fixture.sql, { userId: fixture.owner.userId }, { limit: "5" });
    await fixture.search.script({ answers: [{ status: 400 }] });
    await fixture.models.script(...asksTwice);
    const { body } = await fixture.post("@ada go");
    expect(body).toMatchObject({ status: "completed", credits: { spent: "0.32000000" } });
    expect(
      (await fixture.toolRows()).map(({ status, credits_charged }) => [status, credits_charged]),
    ).toEqual([
      ["error", "0.00000000"],
      ["success", "0.02000000"],
    ]);
    expect(await readBudget(fixture.sql, budget)).toEqual({ spent: "0.32000000", held: "0.00000000" });
  });

  test("is refused to the model, and not called, where the credits do not pay for it", async () => {
    const fixture = await createToolFixture({ settings: { TOOL_PRICES: '{"search":"4.9"}' } });
    const budget = await insertBudget(fixture.sql, { userId: fixture.owner.userId }, { limit: "5.3" });
    await fixture.models.script(...asksTwice);
    const { body } = await fixture.post("@ada go");
    expect(body).toMatchObject({ status: "completed", credits: { spent: "5.20000000" } });
    expect(await fixture.searched()).toEqual(["cats"]);
    expect(await fixture.toolRows()).toMatchObject([
      { status: "success", credits_charged: "4.90000000" },
      { status: "denied", credits_charged: "0.00000000", output: { error: "budget_exhausted" } },
    ]);
    const [, , last] = await fixture.models.journal();
    expect(JSON.stringify(last?.messages)).toContain("The turn's credits do not pay for this tool.");
    expect(await readBudget(fixture.sql, budget)).toEqual({ spent: "5.20000000", held: "0.00000000" });
  });
});

test("a call that costs more than its worst case is booked in full, flagged and counted; the next turn is refused", async () => {
  const fixture = await createTurnFixture({ settings: { LOG_LEVEL: "warn" } });
  const { sql, owner } = fixture;
  const budget = await insertBudget(sql, { userId: owner.userId }, { limit: "0.2" });
  await fixture.models.script(
    says("ada", { text: "hi", usage: { prompt_tokens: 20_000, completion_tokens: 650 } }),
  );

  const { body: turn } = await fixture.post("@ada hello");

  const spent = "0.76500000";
  expect(turn).toMatchObject({ credits: { spent, granted: "0.20000000", wallet_left: "-0.56500000" } });
  expect(await readBudget(sql, budget)).toEqual({ spent, held: "0.00000000" });
  expect(fixture.api.lines.filter(({ event }) => event === "grant_exceeded")).toMatchObject([
    { level: "warn", turn_id: turn.id, run_id: turn.id, granted: "0.20000000", spent },
  ]);
  const [overGrant, overspent] = await Promise.all(remarks.map(({ sql: text }) => sql.query(text)));
  expect(overGrant).toContainEqual({ run_id: turn.id, granted: "0.20000000", spent, over: "0.56500000" });
  expect(overspent).toContainEqual({ budget, limit: "0.20000000", spent, over: "0.56500000" });
  expect(await fixture.post("@ada hello")).toMatchObject({ status: 402 });
});
