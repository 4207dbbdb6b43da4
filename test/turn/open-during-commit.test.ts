import { describe, expect, inject, test } from "vitest";
import { watchDatabase } from "../support/database-requests.ts";
import type { Sql } from "../support/sql.ts";
import { createTurnFixture } from "../support/turn-fixture.ts";

/** Stops one kind of write of a session's commits until the gate is opened. */
async function holdCommits(sql: Sql, sessionId: string, write: string) {
  const name = `hold_${crypto.randomUUID().replaceAll("-", "")}`;
  const [, table] = write.split(" on ");
  const row = write.includes("delete") ? "old" : "new";
  await sql.query(`create table ${name} (opened boolean)`);
  await sql.query(`create function ${name}() returns trigger language plpgsql as $$ begin
    while not exists (select 1 from ${name}) loop perform pg_sleep(0.005); end loop;
    return ${row}; end $$`);
  await sql.query(`create trigger ${name} ${write} for each row
    when (${row}.session_id = '${sessionId}') execute function ${name}()`);
  return {
    open: () => sql.query(`insert into ${name} values (true)`),
    async remove() {
      await sql.query(`drop trigger ${name} on ${table}`);
      await sql.query(`drop function ${name}()`);
      await sql.query(`drop table ${name}`);
    },
  };
}

const isHeld = "a.wait_event = 'PgSleep'";
const waitsForHeld = `exists (select 1 from pg_stat_activity h
  where h.wait_event = 'PgSleep' and h.pid = any(pg_blocking_pids(a.pid)))`;

/** Resolves once a request of this database is in that state. */
async function waitForRequest(sql: Sql, state: string): Promise<void> {
  const found = await sql.query(
    `select 1 from pg_stat_activity a where a.datname = current_database() and ${state}`,
  );
  if (found.length === 0) await waitForRequest(sql, state);
}

// The embedded database runs one transaction at a time: there, no open can meet a commit.
describe.runIf(inject("trueConcurrency"))(
  "a request that opens a run during a commit (only with TEST_DATABASE_URL)",
  () => {
    test.each([
      ["at its end, the claim already deleted", "after delete on turn_claims"],
      ["at its beginning, its fence already passed and its lease run out", "before insert on turns"],
    ])("%s: waits for it and makes the next turn; nothing is paid for twice", async (_where, write) => {
      const fixture = await createTurnFixture();
      const gate = await holdCommits(fixture.sql, fixture.sessionId, write);
      const first = fixture.post("@ada one");
      await waitForRequest(fixture.sql, isHeld);
      await fixture.sql`update turn_claims set lease_until = clock_timestamp() - interval '1 second'
      where session_id = ${fixture.sessionId} and ${write.startsWith("before")}`;
      const second = fixture.post("@ada two");
      await waitForRequest(fixture.sql, waitsForHeld);

      await gate.open();
      const answers = await Promise.all([first, second]).finally(gate.remove);

      expect(answers.map(({ status, body }) => [status, body.turn_index])).toEqual([
        [201, 1],
        [201, 2],
      ]);
      expect(await fixture.models.journal()).toHaveLength(2);
      const [, call] = await fixture.models.journal();
      expect(JSON.stringify(call?.messages)).toContain("@ada one");
    });
  },
);

test("a turn is read after its claim, so that a commit between the two reads shows the turn", async () => {
  const fixture = await createTurnFixture();
  const { body: turn } = await fixture.post("@ada hello");
  const asked: string[] = [];

  await watchDatabase(
    () => fixture.read(turn.id),
    (ask, _n, body) => {
      asked.push(body);
      return ask();
    },
  );

  const reading = asked.find((body) => body.includes("turn_context_audit")) ?? "";
  const places = ["turn_claims", "turns"].map((table) => reading.indexOf(String.raw`from \"${table}\"`));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((one, other) => one - other));
});
