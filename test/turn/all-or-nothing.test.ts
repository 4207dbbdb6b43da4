import { describe, expect, test } from "vitest";
import type { Answer } from "../support/api.ts";
import type { Sql } from "../support/sql.ts";
import { createTurnFixture, noRows, says, type TurnFixture } from "../support/turn-fixture.ts";
import { expireLease } from "./recovery/support/abandoned-run.ts";

/** Lets Postgres refuse one kind of write of one turn. Gives what takes the trigger away. */
async function refuse(sql: Sql, write: string, condition: string): Promise<() => Promise<void>> {
  const name = `refuse_${crypto.randomUUID().replaceAll("-", "")}`;
  const [, table] = write.split(" on ");
  await sql.query(`create function ${name}() returns trigger language plpgsql as
    $$ begin raise exception 'canary-of-the-database' using errcode = 'check_violation'; end $$`);
  await sql.query(
    `create trigger ${name} before ${write} for each row when (${condition}) execute function ${name}()`,
  );
  return async () => {
    await sql.query(`drop trigger ${name} on ${table}`);
    await sql.query(`drop function ${name}()`);
  };
}

describe("a constraint violation in the commit", () => {
  test.each([
    ["insert on turns", "new.id = $turn"],
    ["insert on turn_runs", "new.turn_id = $turn"],
    ["insert on messages", "new.turn_id = $turn and new.role = 'assistant'"],
    ["insert on turn_context_audit", "new.turn_id = $turn"],
    ["insert on llm_call_events", "new.turn_id = $turn"],
    ["update on rooms", "new.id = $room"],
    ["delete on turn_claims", "old.turn_id = $turn"],
  ])("at the %s leaves no row of the turn in any table", async (write, condition) => {
    const fixture = await createTurnFixture();
    await fixture.api.as(fixture.owner).patch(`/rooms/${fixture.roomId}/mode`, { mode: "tag" });
    await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    const claim = await fixture.claim();
    const written = condition.replace("$turn", `'${claim?.turn_id}'`).replace("$room", `'${fixture.roomId}'`);
    const restore = await refuse(fixture.sql, write, written);

    await fixture.models.release("gate");
    const answer = await post.finally(restore);

    expect(answer).toMatchObject({ status: 503, body: { code: "commit_failed" } });
    expect(answer.text).not.toMatch(/canary|violation|trigger|constraint|refuse_/);
    // The holder's report of its call: it names no turn.
    expect(await fixture.rowCounts()).toEqual({ ...noRows, llm_call_events: 1 });
    const { body: room } = await fixture.api.as(fixture.owner).get(`/rooms/${fixture.roomId}`);
    expect(room).toMatchObject({ current_mode: "manual", pending_mode: "tag" });
    // The claim stays, with its answers and without a lease: the next request goes on with it.
    // The renewal that says that the run has started is sent beside the first call, and may come later.
    const { lease_until, has_begun, ...left } = (await fixture.claim()) ?? {};
    expect(claim).toMatchObject(left);
    expect(has_begun).toBe(true);
    const [lease] =
      await fixture.sql`select ${lease_until}::timestamptz < ${claim?.lease_until}::timestamptz as is_over`;
    expect(lease).toEqual({ is_over: true });
  });
});

/** It is no lost claim: the log names the constraint, and the session is free for the next turn. */
async function expectRefused(fixture: TurnFixture, answer: Answer, constraint: string): Promise<void> {
  expect(answer).toMatchObject({ status: 503, body: { code: "commit_failed" } });
  expect(fixture.api.lines).toContainEqual(
    expect.objectContaining({ event: "commit_refused", level: "error", constraint }),
  );
  expect(await fixture.claim()).toBeUndefined();
  expect((await fixture.post("@ada and then")).status).toBe(201);
}

describe("a row that the commit cannot insert", () => {
  test("because of a turn with the same index: the first turn stays, and the calls are in the ledger", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    const otherTurn = crypto.randomUUID();
    await fixture.sql`insert into turns (id, session_id, turn_index, mode, user_input, assistant_output, status,
      model_alias_used, created_at) values (${otherTurn}, ${fixture.sessionId}, 1, 'tag', 'x', 'y', 'completed', 'llama', now())`;

    await fixture.models.release("gate");
    const answer = await post;

    expect(await fixture.rowCounts()).toEqual({ ...noRows, turns: 1, llm_call_events: 1 });
    expect(await fixture.ledger()).toMatchObject([{ turn_id: null, status: "completed" }]);
    await expectRefused(fixture, answer, "uq_turns_session_id_turn_index");
    expect((await fixture.list()).body.data).toMatchObject([{ id: otherTurn }, { turn_index: 2 }]);
  });

  test("because of a run with the same key: the first run stays", async () => {
    const fixture = await createTurnFixture();
    await fixture.post("@ada first");
    await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
    const post = fixture.post("@ada second", { key: "k" });
    await fixture.models.wait({ calls: 2 });
    await fixture.sql`update turn_runs set idempotency_key = 'k' where session_id = ${fixture.sessionId}`;

    await fixture.models.release("gate");

    const answer = await post;
    expect(await fixture.rowCounts()).toMatchObject({
      turns: 1,
      turn_runs: 1,
      messages: 2,
      llm_call_events: 2,
    });
    await expectRefused(fixture, answer, "uq_turn_runs_session_id_idempotency_key");
  });

  test("because of a message with the same seq: only the ledger rows of the turn are stored", async () => {
    const fixture = await createTurnFixture();
    await fixture.post("@ada first");
    await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
    const post = fixture.post("@ada second");
    await fixture.models.wait({ calls: 2 });
    await fixture.sql`update messages set seq = 3 where session_id = ${fixture.sessionId} and seq = 2`;

    await fixture.models.release("gate");
    const answer = await post;

    expect(await fixture.rowCounts()).toEqual({
      turns: 1,
      turn_runs: 1,
      messages: 2,
      turn_context_audit: 1,
      llm_call_events: 2,
    });
    await expectRefused(fixture, answer, "uq_messages_session_id_seq");
  });

  test("does not brick the session of a run that is settled either: its calls are in the ledger", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "late", hold: "gate" }, 1));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    await expireLease(fixture);
    await fixture.sql`insert into turns (id, session_id, turn_index, mode, user_input, assistant_output, status,
      model_alias_used, created_at) values (gen_random_uuid(), ${fixture.sessionId}, 1, 'tag', 'x', 'y', 'completed', 'llama', now())`;

    const next = await fixture.post("@ada and then");

    expect(next).toMatchObject({ status: 201, body: { turn_index: 2 } });
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    // The report has taken the place of the estimates.
    expect((await fixture.ledger()).map(({ turn_id, status }) => [turn_id, status])).toEqual(
      expect.arrayContaining([
        [null, "completed"],
        [next.body.id, "completed"],
      ]),
    );
    expect(await fixture.ledger()).toHaveLength(2);
  });
});
