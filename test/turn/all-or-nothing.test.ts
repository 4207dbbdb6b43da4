import { describe, expect, test } from "vitest";
import type { Sql } from "../support/sql.ts";
import { createTurnScene, noRows, says, type TurnScene } from "../support/turn-scene.ts";

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

describe("a violation inside the commit's batch", () => {
  test.each([
    ["insert on turns", "new.id = $turn"],
    ["insert on turn_runs", "new.turn_id = $turn"],
    ["insert on messages", "new.turn_id = $turn and new.role = 'assistant'"],
    ["insert on turn_context_audit", "new.turn_id = $turn"],
    ["insert on llm_call_events", "new.turn_id = $turn"],
    ["update on rooms", "new.id = $room"],
    ["delete on turn_claims", "old.turn_id = $turn"],
  ])("at the %s leaves no row of the turn in any table", async (write, condition) => {
    const scene = await createTurnScene();
    await scene.api.as(scene.owner).patch(`/rooms/${scene.roomId}/mode`, { mode: "tag" });
    await scene.models.script(says("ada", { text: "hi", hold: "gate" }));
    const post = scene.post("@ada hello");
    await scene.models.wait({ calls: 1 });
    const claim = await scene.claim();
    const written = condition.replace("$turn", `'${claim?.turn_id}'`).replace("$room", `'${scene.roomId}'`);
    const restore = await refuse(scene.sql, write, written);

    await scene.models.release("gate");
    const answer = await post.finally(restore);

    expect(answer).toMatchObject({ status: 503, body: { code: "commit_failed" } });
    expect(answer.text).not.toMatch(/canary|violation|trigger|constraint|refuse_/);
    expect(await scene.rowCounts()).toEqual(noRows);
    const { body: room } = await scene.api.as(scene.owner).get(`/rooms/${scene.roomId}`);
    expect(room).toMatchObject({ current_mode: "manual", pending_mode: "tag" });
    // The claim stays, with its answers and without a lease: whoever comes next goes on with it.
    const { lease_until, ...left } = (await scene.claim()) ?? {};
    expect(claim).toMatchObject(left);
    const [lease] =
      await scene.sql`select ${lease_until}::timestamptz < ${claim?.lease_until}::timestamptz as is_over`;
    expect(lease).toEqual({ is_over: true });
  });
});

/** It is no lost claim: an operator is told which row stood in the way. */
function expectRefusalLogged({ api }: TurnScene, constraint: string): void {
  expect(api.lines).toContainEqual(
    expect.objectContaining({ event: "commit_refused", level: "error", constraint }),
  );
}

describe("a row that is already where the turn's must go", () => {
  test("a turn of the same index: the one that was first stays, and the spend is on the books", async () => {
    const scene = await createTurnScene();
    await scene.models.script(says("ada", { text: "hi", hold: "gate" }));
    const post = scene.post("@ada hello");
    await scene.models.wait({ calls: 1 });
    const otherTurn = crypto.randomUUID();
    await scene.sql`insert into turns (id, session_id, turn_index, mode, user_input, assistant_output, status,
      model_alias_used, created_at) values (${otherTurn}, ${scene.sessionId}, 1, 'tag', 'x', 'y', 'completed', 'llama', now())`;

    await scene.models.release("gate");
    const answer = await post;

    expect(answer).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
    expect(await scene.rowCounts()).toEqual({ ...noRows, turns: 1, llm_call_events: 1 });
    expectRefusalLogged(scene, "uq_turns_session_id_turn_index");
    expect(await scene.ledger()).toMatchObject([{ turn_id: null, status: "completed" }]);
    expect((await scene.list()).body.data).toMatchObject([{ id: otherTurn }]);
  });

  test("a run under the same key: the one that was first stays", async () => {
    const scene = await createTurnScene();
    await scene.post("@ada first");
    await scene.models.script(says("ada", { text: "hi", hold: "gate" }));
    const post = scene.post("@ada second", { key: "k" });
    await scene.models.wait({ calls: 2 });
    await scene.sql`update turn_runs set idempotency_key = 'k' where session_id = ${scene.sessionId}`;

    await scene.models.release("gate");

    expect(await post).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
    expectRefusalLogged(scene, "uq_turn_runs_session_id_idempotency_key");
    expect(await scene.rowCounts()).toMatchObject({
      turns: 1,
      turn_runs: 1,
      messages: 2,
      llm_call_events: 2,
    });
  });

  test("a message of the same seq: no row of the turn but what it spent", async () => {
    const scene = await createTurnScene();
    await scene.post("@ada first");
    await scene.models.script(says("ada", { text: "hi", hold: "gate" }));
    const post = scene.post("@ada second");
    await scene.models.wait({ calls: 2 });
    await scene.sql`update messages set seq = 3 where session_id = ${scene.sessionId} and seq = 2`;

    await scene.models.release("gate");
    const answer = await post;

    expect(answer).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
    expect(await scene.rowCounts()).toEqual({
      turns: 1,
      turn_runs: 1,
      messages: 2,
      turn_context_audit: 1,
      llm_call_events: 2,
    });
  });
});
