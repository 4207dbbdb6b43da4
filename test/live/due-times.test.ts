import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { createDueTable, type DueStorage, DueTimes } from "../../src/live/due-times.ts";
import { stubOf } from "../support/session-objects.ts";
import { createTurnFixture } from "../support/turn-fixture.ts";

/** Runs `work` on the storage of a session's object. `alarms`: what the alarm was set to, one after the other. */
async function inStorage(work: (storage: DueStorage, alarms: (number | null)[]) => Promise<void>) {
  const fixture = await createTurnFixture();
  await fixture.api.deps.hosts(fixture.sessionId).prepare();
  await runInDurableObject(stubOf(fixture.sessionId), async (_, { storage }) => {
    const alarms: (number | null)[] = [];
    const watched = {
      sql: storage.sql,
      setAlarm: async (atMs: number) => void alarms.push(atMs),
      deleteAlarm: async () => void alarms.push(null),
    };
    await work(watched, alarms);
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

test("a change that changes nothing writes nothing", () =>
  inStorage(async ({ sql, ...alarm }) => {
    const statements: string[] = [];
    const exec: typeof sql.exec = (statement, ...values) => {
      statements.push(statement);
      return sql.exec(statement, ...values);
    };
    const times = new DueTimes({ ...alarm, sql: { exec } });
    times.update({ recover: farMs });
    times.update({ recover: farMs, queue: null });

    expect(statements.filter((statement) => statement.startsWith("insert"))).toHaveLength(1);
  }));

test("the times of an object of the version before, which had a row for each, are kept", () =>
  inStorage(async ({ sql, ...alarm }) => {
    sql.exec("drop table due");
    sql.exec("create table due_times (kind text primary key, at_ms integer not null)");
    sql.exec("insert into due_times values ('recover', ?), ('forget', ?)", farMs, farMs + 9);
    createDueTable(sql);
    createDueTable(sql);
    const times = new DueTimes({ ...alarm, sql });
    times.update({ queue: farMs + 5 });

    expect(times.take(farMs + 5)).toEqual(["recover", "queue"]);
    expect(times.take(farMs + 9)).toEqual(["forget"]);
  }));
