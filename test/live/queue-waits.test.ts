import { describe, expect, test } from "vitest";
import { createSession } from "../support/api.ts";
import { losingAnswers, noteWatch, watchDatabase } from "../support/database-requests.ts";
import { createBusy, queueOf } from "../support/queue-fixture.ts";
import { passAlarm } from "../support/session-objects.ts";
import { createTurnFixture, says, type TurnFixture } from "../support/turn-fixture.ts";
import { until } from "../support/until.ts";
import { insertBudget, readBudget } from "../turn/money/support.ts";
import { expectLedgerMatchesCalls } from "../turn/recovery/support/ledger-check.ts";

const firstIsOver = (fixture: TurnFixture) =>
  until("the first turn is over", async () => (await fixture.claim()) === undefined);

/**
 * The next so many batches do not reach the database; a run that is executed already is not affected. Resolves with the last
 * of them.
 */
function loseBatches({ api: { deps } }: TurnFixture, count: number): Promise<void> {
  const { db } = deps;
  const lost = Promise.withResolvers<void>();
  let left = count;
  const batch: typeof db.batch = (items) => {
    if (left === 0) return db.batch(items);
    left -= 1;
    if (left === 0) lost.resolve();
    return Promise.reject(new Error("the connection was lost"));
  };
  deps.db = Object.create(db, { batch: { value: batch } });
  return lost.promise;
}

describe("a turn that waits stays in the queue, and runs later,", () => {
  test("where running turns hold the rest of its budget as it is started", async () => {
    const { fixture, queue, finish } = await createBusy();
    const { api, owner, roomId, sql, models } = fixture;
    const { body: waits } = await queue.add("@ada two");
    const budget = await insertBudget(sql, { userId: owner.userId }, { limit: "0.2" });
    await models.script(says("ada", { text: "slowly", hold: "other" }, 1), says("ada", "later"));
    const other = await createSession(api, owner, roomId);
    const holds = api.as(owner).post(`/sessions/${other.id}/turns`, { message: "@ada hello" });
    await models.wait({ calls: 2 });
    await finish();
    await firstIsOver(fixture);

    await passAlarm(fixture.sessionId);

    expect((await fixture.read(waits.id)).body).toMatchObject({ status: "queued", problem: null });
    expect(await models.journal()).toHaveLength(2);
    await models.release("other");
    expect((await holds).status).toBe(201);
    await passAlarm(fixture.sessionId);
    await queue.drained();
    expect((await fixture.read(waits.id)).body).toMatchObject({ status: "completed", turn_index: 2 });
    expect(await readBudget(sql, budget)).toMatchObject({ held: "0.00000000" });
  });

  test("where the database does not answer as it is started", async () => {
    const { fixture, queue, finish } = await createBusy();
    const { body: waits } = await queue.add("@ada two");
    // An open is tried three times.
    const lost = loseBatches(fixture, 3);
    await finish();

    await lost;

    expect((await fixture.read(waits.id)).body).toMatchObject({ status: "queued", problem: null });
    expect(await fixture.models.journal()).toHaveLength(1);
    await passAlarm(fixture.sessionId);
    await queue.drained();
    expect((await fixture.read(waits.id)).body).toMatchObject({ status: "completed", turn_index: 2 });
    await expectLedgerMatchesCalls(fixture);
  });
});

test("a turn that is overtaken as it is started waits on: only the first of the queue runs", async () => {
  const { fixture, queue, finish } = await createBusy();
  await queue.add("@ada two");
  const { body: overtakes } = await queue.add("@ada three");
  const { deps } = fixture.api;
  const { db } = deps;
  let isOvertaken = false;
  // The first of the queue was read, and is not opened yet.
  const batch = async (items: Parameters<typeof db.batch>[0]) => {
    if (!isOvertaken) {
      isOvertaken = true;
      await fixture.sql`update queued_turns set seq = seq - 100 where id = ${overtakes.id}`;
    }
    return db.batch(items);
  };
  deps.db = Object.create(db, { batch: { value: batch } });

  await finish();
  await queue.drained();

  expect(await queue.inputs()).toEqual(["@ada one", "@ada three", "@ada two"]);
});

/** Resolves once the session's object was told that a turn waits in its queue; rejects where it could not be told. */
function untilWoken({ api: { deps } }: TurnFixture): Promise<void> {
  const { hosts } = deps;
  const woken = Promise.withResolvers<void>();
  deps.hosts = (sessionId) => {
    const host = hosts(sessionId);
    const wakeQueue: typeof host.wakeQueue = (session) =>
      host.wakeQueue(session).then(woken.resolve, woken.reject);
    return { ...host, wakeQueue };
  };
  return woken.promise;
}

test("a turn that comes while the queue is read, and is not in what was read, is started later", async () => {
  const fixture = await createTurnFixture();
  const { api, models, sessionId } = fixture;
  const queue = queueOf(fixture);
  await models.script(says("ada", { text: "first", hold: "gate" }, 1), says("ada", "later"));
  const isRead = Promise.withResolvers<void>();

  const wakeWithoutTurn = async () => {
    noteWatch(sessionId);
    await api.deps.hosts(sessionId).wakeQueue({ sessionId });
    await isRead.promise;
  };
  await watchDatabase(wakeWithoutTurn, async (ask, n) => {
    const answer = await ask();
    if (n !== 1) return answer;
    const woken = untilWoken(fixture);
    await queue.add("@ada one");
    await queue.add("@ada two");
    await woken;
    isRead.resolve();
    return answer;
  });
  await models.release("gate");
  await queue.drained();

  expect(await queue.inputs()).toEqual(["@ada one", "@ada two"]);
});

describe("a post that interrupts ends the running turn at once, by its repetition,", () => {
  const interrupt = ({ api, owner, turnsPath }: TurnFixture) =>
    api
      .as(owner)
      .post(
        turnsPath,
        { message: "@ada now", when_busy: "interrupt" },
        { headers: { "Idempotency-Key": "i" } },
      );

  async function expectInterrupted(fixture: TurnFixture, turnId: string) {
    // It did not wait for the renewal by which its holder learns of a cancel.
    const told = fixture.api.lines.filter(({ event }) => event === "run_cancelled");
    expect(told).toMatchObject([{ run_id: turnId, hosted: true }]);
    expect((await fixture.read(turnId)).body).toMatchObject({
      status: "failed",
      replies: [{ error: { code: "cancelled" } }],
    });
    await expectLedgerMatchesCalls(fixture);
  }

  test("where the database's answer was lost, and the Worker asks again", async () => {
    const { fixture, running } = await createBusy();

    const { result } = await watchDatabase(() => interrupt(fixture), losingAnswers(2));

    expect(result).toMatchObject({ status: 201, body: { user_input: "@ada now", turn_index: 2 } });
    await expectInterrupted(fixture, running.body.id);
  });

  test("where the Worker was lost before it told the host, and the client asks again", async () => {
    const { fixture, queue, running } = await createBusy();
    const { body: waits } = await queue.add("@ada now", "i");
    await fixture.sql`update turn_claims set cancelled_at = clock_timestamp()
      where session_id = ${fixture.sessionId}`;

    const answer = await interrupt(fixture);

    expect(answer).toMatchObject({ status: 201, body: { id: waits.id, turn_index: 2 } });
    await expectInterrupted(fixture, running.body.id);
  });
});
