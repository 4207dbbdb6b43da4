import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { EventLog } from "../../src/live/event-log.ts";
import { LogReaders } from "../../src/live/log-readers.ts";
import { stubOf } from "../support/session-objects.ts";
import { createTurnFixture } from "../support/turn-fixture.ts";

const events = 200;
const decoder = new TextDecoder();

test("a reader has all events, and those that come fast in a few parts", async () => {
  const fixture = await createTurnFixture();
  await fixture.api.deps.hosts(fixture.sessionId).prepare();
  await runInDurableObject(stubOf(fixture.sessionId), async (_, { storage }) => {
    const log = EventLog.create(storage.sql, "epoch");
    const stream = new LogReaders().open({
      log,
      fromSeq: 1,
      rewrite: (frames) => frames,
      nowMs: Date.now,
      onEnd: () => undefined,
    });
    const startedMs = Date.now();
    const parts = collect(stream);
    for (let n = 1; n < events; n += 1) {
      log.append({ n });
      await scheduler.wait(0);
    }
    log.end({ n: events }, "run");

    const texts = await parts;

    const sent = texts.join("").matchAll(/^data: (.*)$/gm);
    expect([...sent].map(([, json]) => JSON.parse(json ?? "").n)).toEqual(
      Array.from({ length: events }, (_event, index) => index + 1),
    );
    // 16 at once, one in each 25 ms, and the first and the last.
    expect(texts.length).toBeLessThanOrEqual(16 + Math.ceil((Date.now() - startedMs) / 25) + 3);
  });
});

async function collect(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const parts: string[] = [];
  for await (const part of stream) parts.push(decoder.decode(part));
  return parts;
}
