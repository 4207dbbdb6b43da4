import { onTestFinished, vi } from "vitest";
import type { ScriptedModels } from "./models.ts";
import { inObject } from "./session-objects.ts";

/**
 * Timers that are set from now on, to the end of the test, go off when the test lets time pass and not before:
 * so a deadline cannot pass by itself while a busy machine takes its time. The clock goes on.
 */
export function holdTimers(): { pass(ms: number, sessionId: string): Promise<void> } {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  // The timers of a run belong to the object that executes it: they go off there.
  return { pass: (ms, sessionId) => inObject(sessionId, () => vi.advanceTimersByTimeAsync(ms)) };
}

/** Resolves once so many answers were sent and read: what is asked later is answered later. */
export async function untilRead(models: ScriptedModels, settled: number): Promise<void> {
  await models.wait({ settled });
  for (let n = 0; n < 20; n += 1) await models.journal();
}
