import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { createDueTable, DueTimes } from "../../src/live/due-times.ts";
import { stubOf } from "../support/session-objects.ts";
import { createTurnFixture } from "../support/turn-fixture.ts";

/** Runs `work` on the storage of a session's object. `alarms`: what the alarm was set to, one after the other. */
async function inStorage(work: (storage: DurableObjectStorage, alarms: (number | null)[]) => Promise<void>) {
  const fixture = await createTurnFixture();
  await fixture.api.deps.hosts(fixture.sessionId).prepare();
  await runInDurableObject(stubOf(fixture.sessionId), async (_, { storage }) => {
    const alarms: (number | null)[] = [];
    const watched = {
      sql: storage.sql,
      setAlarm: async (atMs: number) => void alarms.push(atMs),
      deleteAlarm: async () => void alarms.push(null),
    };
    await work(Object(watched), alarms);
  });
}

const farMs = 4_000_000_000_000;

test("the alarm is set only where the first time changes", () =>
  inStorage(async (storage, alarms) => {
    const times = new DueTimes(storage);
    times.update({ forget: farMs + 9 });
    times.update({ recover: farMs + 5, forget: null });
    times.update({ queue: farMs + 7 });
    times.update({ recover: null });
    times.update({ queue: null });

    expect(alarms).toEqual([farMs + 9, farMs + 5, farMs + 7, null]);
  }));

test("what is due is taken once, and the alarm is set for what is left, also after the object lost its memory", () =>
  inStorage(async (storage, alarms) => {
    new DueTimes(storage).update({ recover: farMs, forget: farMs + 9 });
    const times = new DueTimes(storage);

    expect(times.take(farMs)).toEqual(["recover"]);
    expect(times.take(farMs)).toEqual([]);
    expect(alarms).toEqual([farMs, farMs + 9, farMs + 9]);
  }));

test("all is due in an object of an earlier version, whose times are in another table", () =>
  inStorage(async (storage) => {
    storage.sql.exec("drop table due");
    createDueTable(storage.sql);

    expect(new DueTimes(storage).take(0)).toEqual(["recover", "queue", "forget"]);
  }));
