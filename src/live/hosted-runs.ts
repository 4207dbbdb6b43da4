import type { HostedRun } from "./hosted-run.ts";
import type { Signal } from "./signal.ts";

/** The runs in the memory of an object, by holder. Of those that are over only the latest is kept: the others are in Postgres. */
export class HostedRuns {
  readonly #byHolder = new Map<string, HostedRun>();
  readonly #changed: Signal;

  constructor(changed: Signal) {
    this.#changed = changed;
  }

  get isRunning(): boolean {
    return [...this.#byHolder.values()].some(({ isRunning }) => isRunning);
  }

  get(holder: string): HostedRun | undefined {
    return this.#byHolder.get(holder);
  }

  /** The latest execution of a run. */
  find(runId: string): HostedRun | undefined {
    return [...this.#byHolder.values()].findLast(({ run }) => run.turn.claim.runId === runId);
  }

  /** The latest execution of a run. It is waited for, up to `waitMs`: the run's hand-over may be on its way. */
  async waitFor(runId: string, waitMs: number): Promise<HostedRun | undefined> {
    const found = this.find(runId);
    if (found !== undefined || waitMs === 0) return found;
    const timeout = scheduler.wait(waitMs).then(() => "timeout" as const);
    for (;;) {
      const first = await Promise.race([this.#changed.changed(), timeout]);
      const hosted = this.find(runId);
      if (hosted !== undefined || first === "timeout") return hosted;
    }
  }

  add(hosted: HostedRun): void {
    for (const [holder, { isRunning }] of this.#byHolder) if (!isRunning) this.#byHolder.delete(holder);
    this.#byHolder.set(hosted.run.turn.claim.holder, hosted);
    this.#changed.notify();
  }

  clear(): void {
    this.#byHolder.clear();
  }
}
