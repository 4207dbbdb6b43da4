import { describe, expect, test } from "vitest";
import { awayFrom, watchDatabase } from "../../support/database-requests.ts";
import { silenceRecovery } from "../../support/session-objects.ts";
import { createTurnFixture, noRows, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { until } from "../../support/until.ts";
import { expireLease } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

/** Short enough to be waited for, and long enough for a busy machine. */
const shortLease = { TURN_LEASE_MS: "6000" };
const held = { text: "in time", hold: "gate" };

/** Until when the session's claim is held, in seconds since 1970: a date as text is in the style of the database. */
async function leaseEnd({ sql, sessionId }: TurnFixture): Promise<number> {
  const [row] = await sql`select extract(epoch from lease_until)::text as seconds
    from turn_claims where session_id = ${sessionId}`;
  return Number(row?.seconds);
}

describe("a holder", { timeout: 30_000 }, () => {
  test("keeps its lease during a call that is longer than the lease", async () => {
    const fixture = await createTurnFixture({ settings: shortLease });
    await fixture.models.script(says("ada", held));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    const before = await leaseEnd(fixture);

    await until("the lease was renewed", async () => (await leaseEnd(fixture)) > before + 1);

    await fixture.models.release("gate");
    expect(await post).toMatchObject({ status: 201, body: { status: "completed" } });
  });

  test("that cannot renew its lease aborts its calls before another may take over, and stores nothing", async () => {
    const fixture = await createTurnFixture({ settings: shortLease, agents: ["ada", "bob"] });
    await fixture.models.script(says("ada", held), says("bob", held));
    const { result } = await watchDatabase(() => fixture.post("@ada @bob hello"), awayFrom("renew_lease"));

    expect(result).toMatchObject({ status: 503, body: { code: "commit_failed" } });
    await fixture.models.wait({ settled: 2 });
    expect((await fixture.models.journal()).map(({ client_closed }) => client_closed)).toEqual([true, true]);
    expect(await fixture.rowCounts()).toEqual(noRows);
  });

  test("whose checkpoint is refused stops at once: its next call is aborted", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    await fixture.models.script(says("ada", { text: "one", hold: "first" }), says("bob", held));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 1 });
    await fixture.sql`update turn_claims set holder = gen_random_uuid() where session_id = ${fixture.sessionId}`;

    await fixture.models.release("first");

    expect(await post).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
    await fixture.models.wait({ settled: (await fixture.models.journal()).length });
    const [, ...later] = await fixture.models.journal();
    expect(later.every(({ client_closed }) => client_closed)).toBe(true);
    await fixture.models.release("gate");
    await expireLease(fixture);
    expect((await fixture.post("and now?")).status).toBe(201);
    await expectLedgerMatchesCalls(fixture);
  });

  test("that was paused for longer than its lease starts no further call, even if no timer has run", async () => {
    let asleepMs = 0;
    const fixture = await createTurnFixture({
      agents: ["ada", "bob"],
      mode: "roundtable",
      deps: { nowMs: () => Date.now() + asleepMs },
    });
    await fixture.models.script(says("ada", held));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 1 });

    // A holder renews its lease when it begins: the answer to that must not set the timers again after the pause.
    await until("the lease was renewed", async () => {
      const [row] = await fixture.sql`select lease_until > opened_at + interval '30.001 seconds' as renewed
        from turn_claims where session_id = ${fixture.sessionId}`;
      return row?.renewed === true;
    });
    await fixture.models.journal();
    silenceRecovery(fixture.sessionId);
    asleepMs = 60_000;
    await fixture.models.release("gate");
    await fixture.models.script();

    expect(await post).toMatchObject({ status: 503, body: { code: "commit_failed" } });
    expect(await fixture.models.journal()).toHaveLength(1);
    // No holder had replaced it: its answers are kept, and the next request need not wait.
    expect((await fixture.post("and now?")).body).toMatchObject({ turn_index: 2 });
    const [left] = (await fixture.list()).body.data;
    expect(left.replies).toMatchObject([{ content: "in time" }, { error: { code: "abandoned" } }]);
    await expectLedgerMatchesCalls(fixture);
  });
});
