import { setTimeout as delay } from "node:timers/promises";
import type { Scene } from "../testbed/scene.ts";

const pollMs = 200;

export async function isHeld(scene: Scene): Promise<boolean> {
  return ((await scene.claim())?.lease_left_ms ?? 0) > 0;
}

/** Waits until a live holder lets go of its claim, no longer than `withinMs`. Gives how long it took, ms. */
export async function untilGivenUp(scene: Scene, withinMs: number): Promise<number> {
  const startedMs = Date.now();
  while ((await isHeld(scene)) && Date.now() - startedMs < withinMs) await delay(pollMs);
  return Date.now() - startedMs;
}
