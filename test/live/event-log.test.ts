import { expect, test } from "vitest";
import { EventLog, findWrittenLog, type LogSql } from "../../src/live/event-log.ts";
import { inObjectSql } from "../support/session-objects.ts";

const appendPacks = (log: EventLog, packs: string[][]) => {
  for (const events of packs) {
    for (const event of events) log.append({ event });
    log.flush();
  }
};

/** All events of a log, read part by part. */
function readAll(log: EventLog): string[] {
  const frames: string[] = [];
  for (let seq = 1; seq <= log.lastSeq; ) {
    const part = log.read(seq);
    if (part === null || part === "gone") throw new Error(`event ${seq} is ${part}`);
    frames.push(part.frames);
    seq = part.nextSeq;
  }
  return [...frames.join("").matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json ?? "").event);
}

const failing = (sql: LogSql, statements: RegExp): LogSql => ({
  exec: (statement, ...values) => {
    if (statements.test(statement)) throw new Error("the storage fails");
    return sql.exec(statement, ...values);
  },
});

test.each([
  ["rows", /^delete/],
  ["events", /^delete from event_packs/],
  ["entry", /^delete from event_logs/],
])(
  "where the earlier run's %s cannot be deleted, the new log is whole, and the earlier one is whole or not found",
  (_what, statements) =>
    inObjectSql(async (sql) => {
      const before = EventLog.create(sql, "one");
      appendPacks(before, [["a", "b"], ["c"], ["d"]]);
      before.end({ event: "e" }, "run one");

      const log = EventLog.create(failing(sql, statements), "two");
      appendPacks(log, [["1"], ["2", "3"], ["4"], ["5"]]);
      log.end({ event: "6" }, "run two");

      expect(readAll(log)).toEqual(["1", "2", "3", "4", "5", "6"]);
      expect(log.isStored).toBe(false);
      expect(findWrittenLog(sql, "run two")).toBeUndefined();
      const found = findWrittenLog(sql, "run one");
      if (found !== undefined) expect(readAll(found)).toEqual(["a", "b", "c", "d", "e"]);
    }),
);

test("a log that SQLite takes is whole there", () =>
  inObjectSql(async (sql) => {
    const log = EventLog.create(sql, "one");
    appendPacks(log, [["a", "b"], ["c"]]);
    log.end({ event: "d" }, "run one");

    expect(log.isStored).toBe(true);
    const found = findWrittenLog(sql, "run one");
    expect(found && readAll(found)).toEqual(["a", "b", "c", "d"]);
  }));

test("a log that cannot be entered in SQLite is not stored, and not found there", () =>
  inObjectSql(async (sql) => {
    const log = EventLog.create(failing(sql, /insert into event_logs/), "one");
    log.end({ event: "a" }, "run one");

    expect(log.isStored).toBe(false);
    expect(findWrittenLog(sql, "run one")).toBeUndefined();
  }));
