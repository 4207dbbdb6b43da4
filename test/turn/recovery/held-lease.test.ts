import { describe, expect, test } from "vitest";
import { awayFrom, watchDatabase } from "../../support/database-requests.ts";
import { createTurnScene, noRows, says, type TurnScene } from "../../support/turn-scene.ts";
import { expectLedgerMatchesCalls } from "./support/books.ts";
import { until } from "./support/until.ts";

/** Short enough to be waited for, and long enough for a busy machine. */
const shortLease = { TURN_LEASE_MS: "6000" };
const held = { text: "in time", hold: "gate" };

const isHeldPast = async ({ sql, sessionId }: TurnScene, leaseUntil: string) => {
  const [row] = await sql`select lease_until > ${leaseUntil}::timestamptz + interval '1 second' as later
    from turn_claims where session_id = ${sessionId}`;
  return row?.later === true;
};

describe("a holder at work", { timeout: 30_000 }, () => {
  test("keeps its lease through a call that is longer than it", async () => {
    const scene = await createTurnScene({ settings: shortLease });
    await scene.models.script(says("ada", held));
    const post = scene.post("@ada hello");
    await scene.models.wait({ calls: 1 });
    const before = await scene.claim();

    await until("the lease was renewed", () => isHeldPast(scene, before?.lease_until));

    await scene.models.release("gate");
    expect(await post).toMatchObject({ status: 201, body: { status: "completed" } });
  });

  test("that cannot renew its lease aborts its calls before another may take over, and stores nothing", async () => {
    const scene = await createTurnScene({ settings: shortLease, agents: ["ada", "bob"] });
    await scene.models.script(says("ada", held), says("bob", held));
    const { result } = await watchDatabase(
      () => scene.post("@ada @bob hello"),
      awayFrom('lease_until\\" = clock'),
    );

    expect(result).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
    await scene.models.wait({ settled: 2 });
    expect((await scene.models.journal()).map(({ client_closed }) => client_closed)).toEqual([true, true]);
    expect(await scene.rowCounts()).toEqual(noRows);
  });

  test("that is refused a step stops at once: its next call is aborted", async () => {
    const scene = await createTurnScene({ agents: ["ada", "bob"], mode: "roundtable" });
    await scene.models.script(says("ada", { text: "one", hold: "first" }), says("bob", held));
    const post = scene.post("hello");
    await scene.models.wait({ calls: 1 });
    await scene.sql`update turn_claims set holder = gen_random_uuid() where session_id = ${scene.sessionId}`;

    await scene.models.release("first");

    expect(await post).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
    await scene.models.wait({ settled: (await scene.models.journal()).length });
    const [, ...later] = await scene.models.journal();
    expect(later.every(({ client_closed }) => client_closed)).toBe(true);
    await scene.models.release("gate");
    await scene.sql`update turn_claims set lease_until = now() where session_id = ${scene.sessionId}`;
    expect((await scene.post("and now?")).status).toBe(201);
    await expectLedgerMatchesCalls(scene);
  });

  test("that slept through its lease starts no further call when it wakes, whatever its timers say", async () => {
    let asleepMs = 0;
    const scene = await createTurnScene({
      ...{ agents: ["ada", "bob"], mode: "roundtable" },
      deps: { nowMs: () => Date.now() + asleepMs },
    });
    await scene.models.script(says("ada", held));
    const post = scene.post("hello");
    await scene.models.wait({ calls: 1 });

    asleepMs = 60_000;
    await scene.models.release("gate");
    await scene.models.script();

    expect(await post).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
    expect(await scene.models.journal()).toHaveLength(1);
    // Nobody had replaced it: what it was answered is kept, and whoever comes next need not wait.
    expect((await scene.post("and now?")).body).toMatchObject({ turn_index: 2 });
    const [left] = (await scene.list()).body.data;
    expect(left.replies).toMatchObject([{ content: "in time" }, { error: { code: "abandoned" } }]);
    await expectLedgerMatchesCalls(scene);
  });
});
