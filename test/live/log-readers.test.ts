import { expect, test } from "vitest";
import { EventLog } from "../../src/live/event-log.ts";
import { LogReaders } from "../../src/live/log-readers.ts";
import { inObjectSql } from "../support/session-objects.ts";

const decoder = new TextDecoder();

/** A reader of a log, with a clock that the test sets. `waits`: how long the reader waits each time; `end` ends a wait. */
function openReader(log: EventLog) {
  const time = { ms: 0 };
  const waits: { ms: number; end: () => void }[] = [];
  let isWaiting = Promise.withResolvers<void>();
  const wait = (ms: number) =>
    new Promise<void>((end) => {
      waits.push({ ms, end });
      isWaiting.resolve();
      isWaiting = Promise.withResolvers();
    });
  const stream = new LogReaders().open({
    log,
    fromSeq: 1,
    rewrite: (frames) => frames,
    clock: { nowMs: () => time.ms, wait },
    onEnd: () => undefined,
  });
  const reader = stream.getReader();
  return {
    time,
    waits,
    nextWait: () => isWaiting.promise,
    /** The events of the next part. */
    async read() {
      const { value } = await reader.read();
      return [...decoder.decode(value).matchAll(/^data: (.*)$/gm)].map(
        ([, json]) => JSON.parse(json ?? "").n,
      );
    },
  };
}

test("a reader is sent 16 parts at once, and then in each interval one with all that came meanwhile", () =>
  inObjectSql(async (sql) => {
    const log = EventLog.create(sql, "epoch");
    const reader = openReader(log);
    for (let n = 1; n <= 16; n += 1) {
      const part = reader.read();
      log.append({ n });
      expect(await part).toEqual([n]);
    }
    expect(reader.waits).toEqual([]);

    const waiting = reader.nextWait();
    const part = reader.read();
    log.append({ n: 17 });
    await waiting;
    log.append({ n: 18 });
    reader.waits[0]?.end();
    expect(await part).toEqual([17, 18]);

    // An event that is there before the reader asks for it waits as well.
    const waitingAgain = reader.nextWait();
    log.append({ n: 19 });
    const last = reader.read();
    await waitingAgain;
    reader.waits[1]?.end();
    expect(await last).toEqual([19]);
    expect(reader.waits.map(({ ms }) => ms)).toEqual([25, 25]);

    // After some time without parts, and at the end of the run, the next is sent at once.
    reader.time.ms = 60_000;
    const late = reader.read();
    log.append({ n: 20 });
    expect(await late).toEqual([20]);
    reader.time.ms = 0;
    log.end({ n: 21 }, "run");
    expect(await reader.read()).toEqual([21]);
    expect(reader.waits).toHaveLength(2);
  }));

test("a reader of events that are written already waits for nothing", () =>
  inObjectSql(async (sql) => {
    const log = EventLog.create(sql, "epoch");
    for (let n = 1; n <= 40; n += 1) {
      log.append({ n });
      log.flush();
    }
    const reader = openReader(log);

    for (let n = 1; n <= 40; n += 1) expect(await reader.read()).toEqual([n]);

    expect(reader.waits).toEqual([]);
  }));
