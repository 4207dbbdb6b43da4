import { beforeAll, describe, expect, test } from "vitest";
import { connectSql, type Sql } from "../support/sql.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";
import { createToolFixture, searchesFor } from "../tools/in-turns/tool-fixture.ts";
import { insertBudget } from "../turn/money/support.ts";

type Rows = { userId: string; turnId: string };

/** A turn with a billed call and a charged tool, a grant, and an operator's event. */
async function makeRows(): Promise<Rows> {
  const fixture = await createToolFixture({ settings: { TOOL_PRICES: '{"search":"0.02"}' } });
  const usage = { prompt_tokens: 1_000, completion_tokens: 650 };
  await fixture.models.script(
    says("ada", { ...searchesFor("cats"), usage }, 1),
    says("ada", { text: "Found.", usage }, 2),
  );
  const { userId } = fixture.owner;
  // With its budget: reconciliation, which other tests run, looks at every grant of the database.
  await insertBudget(fixture.sql, { userId }, { limit: "5" });
  const { body: turn } = await fixture.post("@ada go");
  await fixture.sql`insert into admin_events (id, actor, kind, user_id, details, created_at)
    values (gen_random_uuid(), 'test', 'grant', ${userId}, '{}', now())`;
  return { userId, turnId: turn.id };
}

describe("what was spent, granted or done", () => {
  let rows: Rows;
  beforeAll(async () => {
    rows = await makeRows();
  });

  const changes: [string, (sql: Sql, of: Rows) => Promise<unknown>][] = [
    [
      "the amount of a grant",
      (sql, { userId }) => sql`update credit_grants set amount = 6 where user_id = ${userId}`,
    ],
    ["a grant", (sql, { userId }) => sql`delete from credit_grants where user_id = ${userId}`],
    [
      "the actor of an event",
      (sql, { userId }) => sql`update admin_events set actor = 'x' where user_id = ${userId}`,
    ],
    ["an event", (sql, { userId }) => sql`delete from admin_events where user_id = ${userId}`],
    [
      "what a call cost",
      (sql, { turnId }) => sql`update llm_call_events set credits = 0 where turn_id = ${turnId}`,
    ],
    [
      "the tokens of a call",
      (sql, { turnId }) =>
        sql`update llm_call_events set output_tokens = 1, total_tokens = input_tokens_fresh + input_tokens_cached + 1
        where turn_id = ${turnId}`,
    ],
    [
      "who paid for a call",
      (sql, { turnId }) => sql`update llm_call_events set user_id = 'x' where turn_id = ${turnId}`,
    ],
    [
      "when a call counts",
      (sql, { turnId }) =>
        sql`update llm_call_events set opened_at = opened_at - interval '1 day' where turn_id = ${turnId}`,
    ],
    [
      "that a call was made",
      (sql, { turnId }) => sql`update llm_call_events set status = 'unknown' where turn_id = ${turnId}`,
    ],
    ["a billed call", (sql, { turnId }) => sql`delete from llm_call_events where turn_id = ${turnId}`],
    [
      "what a tool cost",
      (sql, { turnId }) => sql`update tool_call_events set credits_charged = 0 where turn_id = ${turnId}`,
    ],
    ["a charged tool", (sql, { turnId }) => sql`delete from tool_call_events where turn_id = ${turnId}`],
  ];

  test.each(changes)("cannot be changed or deleted in the database: %s", async (_what, change) => {
    await expect(change(connectSql(), rows)).rejects.toThrow(/rows of \w+ are never (changed|deleted)/);
  });
});

test("a ledger row outlives its turn, which it names no more", async () => {
  const fixture = await createTurnFixture();
  await fixture.models.script(
    says("ada", { text: "hi", usage: { prompt_tokens: 100, completion_tokens: 50 } }),
  );
  await fixture.post("@ada hello");
  await fixture.sql`delete from turns where session_id = ${fixture.sessionId}`;
  expect(await fixture.ledger()).toMatchObject([{ turn_id: null, credits: "0.00850000" }]);
});
