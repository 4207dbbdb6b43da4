import type { Deps } from "../deps.ts";
import { nameOfError } from "../domain/error-name.ts";
import type { Run } from "../turn/run.ts";
import { type StartAttempt, startNext } from "../turn/start-queued.ts";
import type { DueTimes } from "./due-times.ts";
import type { Signal } from "./signal.ts";

type QueueSql = Pick<SqlStorage, "exec">;

export function createQueueTable(sql: QueueSql): void {
  sql.exec("create table if not exists queue (session_id text primary key) without rowid");
}

/** What the queue needs of its object. */
export type QueueHost = {
  getDeps(): Deps;
  /** Whether a run is executed here. */
  isRunning(): boolean;
  startRun(run: Run): unknown;
  /** Recovers the session's run whose holder is gone. */
  recover(sessionId: string, runId: string): Promise<unknown>;
};

/** After a turn that is refused the next one is tried at once, but only so often in one call of the alarm. */
const maxAttempts = 20;
/** The longest wait before the next attempt; the wait itself where the attempt does not know one (`waitMs` null). */
const retryMs = 5_000;
/** While a run is executed here. Its end leads to the next attempt. */
const busyMs = 30_000;

/**
 * Starts the turns that wait in a session, one after the other. Postgres has the queue: the object only remembers that there
 * may be one, so that its alarm tries again. Each turn is started by the alarm, which has 15 minutes for each of its calls.
 */
export class SessionQueue {
  readonly #sql: QueueSql;
  readonly #dueTimes: DueTimes;
  readonly #changed: Signal;
  readonly #host: QueueHost;
  #wakes = 0;

  constructor(storage: { sql: QueueSql; dueTimes: DueTimes }, changed: Signal, host: QueueHost) {
    this.#sql = storage.sql;
    this.#dueTimes = storage.dueTimes;
    this.#changed = changed;
    this.#host = host;
  }

  /** A turn waits. */
  wake(sessionId: string): void {
    this.#wakes += 1;
    this.#sql.exec("insert or replace into queue values (?)", sessionId);
    this.#tryAfter(this.#host.isRunning() ? busyMs : 0);
    this.#changed.notify();
  }

  /** True: there may be a turn that waits. */
  get mayHaveMore(): boolean {
    return this.#findSession() !== undefined;
  }

  /** The session may be free now. */
  runEnded(): void {
    if (this.mayHaveMore) this.#tryAfter(0);
  }

  /** Starts the next turn, where the session is free. */
  async tryNext(): Promise<void> {
    const sessionId = this.#findSession();
    if (sessionId === undefined) return;
    this.#tryAfter(this.#host.isRunning() ? busyMs : retryMs);
    if (this.#host.isRunning()) return;
    for (let tries = 0; tries < maxAttempts; tries += 1) {
      const wakes = this.#wakes;
      const attempt = await this.#tryStart(sessionId);
      this.#changed.notify();
      // A turn that came while the queue was read may not have been seen.
      if (attempt.kind === "empty" && this.#wakes !== wakes) continue;
      if (attempt.kind !== "next") return this.#follow(sessionId, attempt);
    }
    this.#tryAfter(0);
  }

  async #follow(sessionId: string, attempt: Exclude<StartAttempt, { kind: "next" }>): Promise<void> {
    switch (attempt.kind) {
      case "started":
        this.#dueTimes.update({ queue: null });
        this.#host.startRun(attempt.run);
        return;
      case "empty":
        this.#dueTimes.update({ queue: null });
        this.#sql.exec("delete from queue");
        return;
      case "later":
        this.#tryAfter(Math.min(Math.max(attempt.waitMs ?? retryMs, 100), retryMs));
        return;
      case "recover":
        await this.#recover(sessionId, attempt.runId);
        return;
      default:
        attempt satisfies never;
    }
  }

  /** Never rejects: the next attempt tries again. */
  async #recover(sessionId: string, runId: string): Promise<void> {
    try {
      await this.#host.recover(sessionId, runId);
    } catch (error) {
      const { log } = this.#host.getDeps();
      log.error("recovery_failed", { run_id: runId, error: nameOfError(error) });
    }
  }

  /** Never rejects: what fails is tried again. */
  async #tryStart(sessionId: string): Promise<StartAttempt> {
    const deps = this.#host.getDeps();
    const log = deps.log.with({ request_id: deps.newId() });
    try {
      return await startNext(deps, sessionId, log);
    } catch (error) {
      log.error("queue_not_started", { error: nameOfError(error) });
      return { kind: "later", waitMs: null };
    }
  }

  #tryAfter(waitMs: number): void {
    this.#dueTimes.update({ queue: this.#host.getDeps().nowMs() + waitMs });
  }

  #findSession(): string | undefined {
    return this.#sql.exec<{ session_id: string }>("select session_id from queue").toArray()[0]?.session_id;
  }
}
