import { setTimeout as delay } from "node:timers/promises";
import type { SessionFixture } from "../testbed/session-fixture.ts";

const pollMs = 200;

export async function isLeased(fixture: SessionFixture): Promise<boolean> {
  return ((await fixture.claim())?.lease_left_ms ?? 0) > 0;
}

/** Waits until a live holder releases its claim, at most `withinMs`. Returns how long that took, in ms. */
export async function waitUntilReleased(fixture: SessionFixture, withinMs: number): Promise<number> {
  const startedMs = Date.now();
  while ((await isLeased(fixture)) && Date.now() - startedMs < withinMs) await delay(pollMs);
  return Date.now() - startedMs;
}
