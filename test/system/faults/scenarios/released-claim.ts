import { setTimeout as delay } from "node:timers/promises";
import type { SessionFixture } from "../testbed/session-fixture.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";

const pollMs = 200;
/** A run that goes on by itself ends within this time. */
const maxRunMs = 30_000;

export async function isLeased(fixture: SessionFixture): Promise<boolean> {
  return ((await fixture.claim())?.lease_left_ms ?? 0) > 0;
}

/** Waits until a live holder releases its claim, at most `withinMs`. Returns how long that took, in ms. */
export async function waitUntilReleased(fixture: SessionFixture, withinMs: number): Promise<number> {
  const startedMs = Date.now();
  while ((await isLeased(fixture)) && Date.now() - startedMs < withinMs) await delay(pollMs);
  return Date.now() - startedMs;
}

/** Waits until the run of a session has ended. False: it still has its claim. */
export async function isEnded(fixture: SessionFixture): Promise<boolean> {
  const endMs = Date.now() + maxRunMs;
  while ((await fixture.claim()) !== undefined) {
    if (Date.now() > endMs) return false;
    await delay(pollMs);
  }
  return true;
}

/**
 * Posts a new request. It may meet a run whose holder is gone: then that run goes on, and the request is refused until it
 * has ended.
 */
export async function postAfterLostRun(fixture: SessionFixture, worker: Workerd): Promise<Answer> {
  const request = fixture.nextRequest();
  const first = await fixture.post(worker, { request });
  if (first.body?.code !== "turn_conflict") return first;
  await isEnded(fixture);
  return fixture.post(worker, { request });
}
