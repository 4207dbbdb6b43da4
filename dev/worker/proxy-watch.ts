import type { ChildProcess } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { setTimeout as wait } from "node:timers/promises";

const probeTotalMs = 10_000;
const probeEveryMs = 250;

/**
 * Calls `onLost` when wrangler's proxy no longer answers. A workerd that is killed is started again. But the proxy does not
 * know its Worker any more then, and no request is answered. Call this before the Worker is started.
 */
export function watchProxy(host: string, port: number, onLost: () => void): void {
  const address = `entry=${host}:${port}`;
  subscribe("child_process", (message) => {
    const { process: child } = message as { process: ChildProcess };
    // The arguments are known when the process has been spawned.
    child.once("spawn", () => {
      if (!child.spawnargs.some((argument) => argument.includes(address))) return;
      child.once("exit", () => {
        void answers(`http://${host}:${port}/`).then((isReachable) => isReachable || onLost());
      });
    });
  });
}

/** Whether something answers, whatever it says, within the time that workerd needs to start again. */
async function answers(url: string): Promise<boolean> {
  const total = AbortSignal.timeout(probeTotalMs);
  while (!total.aborted) {
    try {
      await fetch(url, { signal: total });
      return true;
    } catch {
      await wait(probeEveryMs);
    }
  }
  return false;
}
