import { createServer } from "node:http";
import { afterEach, expect, test } from "vitest";
import { startSchedule } from "../../../dev/schedule.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A Worker that answers nothing; resolves once it has been asked `calls` times. */
async function silentWorker(calls: number) {
  const asked: string[] = [];
  const all = Promise.withResolvers<void>();
  const server = createServer((request) => {
    asked.push(new URL(request.url ?? "", "http://worker").searchParams.get("cron") ?? "");
    if (asked.length === calls) all.resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => server.close().closeAllConnections());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    all: all.promise,
    cut: () => server.closeAllConnections(),
  };
}

test("the schedule calls both handlers at the start and logs a failure", async () => {
  const worker = await silentWorker(2);
  const reported = Promise.withResolvers<string>();
  ends.push(startSchedule(worker.url, reported.resolve));
  await worker.all;
  worker.cut();
  expect(await reported.promise).toMatch(/^Scheduled: /);
  expect(worker.asked.sort()).toEqual(["* * * * *", "17 3 * * *"]);
});

test("the schedule logs no failure of a call that was aborted by its stop", async () => {
  const worker = await silentWorker(2);
  const lines: string[] = [];
  const end = startSchedule(worker.url, (line) => lines.push(line));
  await worker.all;
  end();
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(lines).toEqual([]);
});
