import { setTimeout as delay } from "node:timers/promises";
import type { SessionFixture } from "../testbed/session-fixture.ts";
import type { Answer } from "../testbed/user.ts";

/** How long the host of a session may need to go on with a run that it has taken over. */
const maxMs = 30_000;
const pollMs = 50;

/** Waits until the session runs nothing: a host goes on with a run after whoever asked it to has been answered. */
export async function isFreeInTime(fixture: SessionFixture): Promise<boolean> {
  const endMs = Date.now() + maxMs;
  while ((await fixture.claim()) !== undefined) {
    if (Date.now() > endMs) return false;
    await delay(pollMs);
  }
  return true;
}

/** Posts until no other run is in the way. */
export async function postWhenFree(fixture: SessionFixture, post: () => Promise<Answer>): Promise<Answer> {
  const answer = await post();
  if (answer.body?.code !== "turn_conflict" || !(await isFreeInTime(fixture))) return answer;
  return post();
}
