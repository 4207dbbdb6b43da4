import { describe, expect, inject, test } from "vitest";
import { invariants } from "../../../dev/reconciliation.ts";
import { createSession, createTestApi, mintOperatorToken, newUser } from "../../support/api.ts";
import type { Sql } from "../../support/sql.ts";
import { createTurnFixture, type TurnFixture } from "../../support/turn-fixture.ts";
import { until } from "../../support/until.ts";
import { insertBudget, readBudget } from "./support.ts";

const periods = ["ever", "day", "month"] as const;
/** A call with this usage costs 0.1 credits. */
const usage = { prompt_tokens: 1_000, completion_tokens: 650 };

async function expectReconciled(sql: Sql): Promise<void> {
  for (const { name, sql: text } of invariants) expect([name, await sql.query(text)]).toEqual([name, []]);
}

/** Sessions of the fixture's room, and a way to post to all of them at once. */
async function prepareSessions({ api, owner, roomId, sql }: TurnFixture, count: number) {
  const sessions = await Promise.all(Array.from({ length: count }, () => createSession(api, owner, roomId)));
  return {
    ids: sessions.map(({ id }) => id),
    postAll: (body: Record<string, unknown> = {}) =>
      sessions.map(({ id }) =>
        api.as(owner).post(`/sessions/${id}/turns`, { message: "@ada hello", ...body }),
      ),
    countRunning: async () => {
      const [row] =
        await sql`select count(*)::int as running from turn_claims c join sessions s on s.id = c.session_id
        where s.room_id = ${roomId}`;
      return Number(row?.running);
    },
  };
}

// The embedded database runs one transaction at a time: there, no two posts can meet.
describe.runIf(inject("trueConcurrency"))("with true concurrency (only with TEST_DATABASE_URL)", () => {
  test.each([1, 2, 3])("posts that race for the last credits hold no more than is left (%d)", async () => {
    const fixture = await createTurnFixture();
    const { sql, owner, models } = fixture;
    const budget = await insertBudget(sql, { userId: owner.userId }, { limit: "0.5" });
    const [posted, affordable] = [24, 5];
    const { postAll, countRunning } = await prepareSessions(fixture, posted);
    await models.script({ answer: { text: "hi", usage, hold: "gate" } });
    const refused: unknown[] = [];

    const posts = postAll({ max_credits: "0.1" });
    for (const post of posts) {
      void post.then(({ status, body }) => {
        if (status !== 201) refused.push([status, body.code]);
      });
    }
    await until(
      "every post is refused or runs",
      async () => refused.length + (await countRunning()) === posted,
    );
    const running = await readBudget(sql, budget);
    await models.release("gate");
    const answers = await Promise.all(posts);

    expect(running).toEqual({ spent: "0.00000000", held: "0.50000000" });
    expect(refused).toEqual(Array(posted - affordable).fill([409, "budget_in_use"]));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(affordable);
    expect(await models.journal()).toHaveLength(affordable);
    expect(await readBudget(sql, budget)).toEqual({ spent: "0.50000000", held: "0.00000000" });
    await expectReconciled(sql);
  });

  test("posts that open at once in a period without a window make one window", async () => {
    const fixture = await createTurnFixture();
    const { sql, owner } = fixture;
    const budget = await insertBudget(sql, { userId: owner.userId }, { limit: "50", period: "day" });
    const { postAll } = await prepareSessions(fixture, 12);
    await sql`delete from budget_windows where budget_id = ${budget}`;
    await fixture.models.script({ answer: { text: "hi", usage } });

    const answers = await Promise.all(postAll({ max_credits: "1" }));

    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(201));
    expect(
      await sql`select count(*)::int as windows from budget_windows where budget_id = ${budget}`,
    ).toEqual([{ windows: 1 }]);
    expect(await readBudget(sql, budget)).toEqual({ spent: "1.20000000", held: "0.00000000" });
  });

  test("a budget and a wallet that are made while turns commit count each of them once", async () => {
    const fixture = await createTurnFixture();
    const { sql, owner, api, roomId, models } = fixture;
    const { postAll, countRunning } = await prepareSessions(fixture, 16);
    await models.script({ answer: { text: "hi", usage, hold: "gate" } });
    const posts = postAll();
    await until("all turns run", async () => (await countRunning()) === 16);
    const operator = createTestApi();
    const Authorization = `Bearer ${await mintOperatorToken(newUser().userId)}`;

    const released = models.release("gate");
    const made = Array.from({ length: 6 }, (_, index) => [
      api.as(owner).put(`/rooms/${roomId}/budget`, { period: periods[index % 3], limit_credits: "90" }),
      operator.send("POST", `/admin/users/${owner.userId}/grants`, {
        headers: { Authorization, "Content-Type": "application/json", "Idempotency-Key": `key-${index}` },
        body: JSON.stringify({ amount: "10" }),
      }),
    ]);
    const changes = await Promise.all(made.flat());
    await released;
    const answers = await Promise.all(posts);

    expect(changes.map(({ status }) => status).toSorted()).toEqual([
      ...Array(6).fill(200),
      ...Array(6).fill(201),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(201));
    expect((await api.as(owner).get("/wallet")).body).toEqual({
      balance: "58.40000000",
      granted: "60.00000000",
      spent: "1.60000000",
      held: "0.00000000",
    });
    await expectReconciled(sql);
  });

  test("budgets of sessions that are set while their turns commit wait for them, and stop none", async () => {
    const fixture = await createTurnFixture();
    const { sql, owner, api, models } = fixture;
    const { ids, postAll, countRunning } = await prepareSessions(fixture, 16);
    await models.script({ answer: { text: "hi", usage, hold: "gate" } });
    const posts = postAll();
    await until("all turns run", async () => (await countRunning()) === 16);

    const released = models.release("gate");
    const changes = await Promise.all(
      [...ids, ...ids, ...ids].map((id, index) =>
        api.as(owner).put(`/sessions/${id}/budget`, { period: periods[index % 3], limit_credits: "90" }),
      ),
    );
    await released;

    expect(changes.map(({ status, body }) => [status, body.code])).toEqual(Array(48).fill([200, undefined]));
    expect((await Promise.all(posts)).map(({ status }) => status)).toEqual(Array(16).fill(201));
    await expectReconciled(sql);
  });
});
