import type { Deps } from "../deps.ts";
import { beginNext, type QueueStep } from "../turn/begin-queued.ts";
import type { Run } from "../turn/run.ts";
import type { DueTimes } from "./due-times.ts";
import type { Signal } from "./signal.ts";

type QueueSql = Pick<SqlStorage, "exec">;

export function createQueueTable(sql: QueueSql): void {
  sql.exec("create table if not exists queue (session_id text primary key)");
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

/** Refused turns are followed at once by the next one, so many times before others get their turn. */
const maxSteps = 20;
/** An attempt is repeated after this time, if nothing else leads to one before. */
const retryMs = 5_000;
/** While a run is executed here. Its end leads to the next look. */
const busyMs = 30_000;

/**
 * Begins the turns that wait in a session, one after the other. Postgres has the queue: the object only remembers that there
 * may be one, so that its alarm looks again. Each turn is started by the alarm, which has 15 minutes for each of its calls.
 */
export class SessionQueue {
  readonly #sql: QueueSql;
  readonly #dueTimes: DueTimes;
  readonly #changed: Signal;
  readonly #host: QueueHost;

  constructor(storage: { sql: QueueSql; dueTimes: DueTimes }, changed: Signal, host: QueueHost) {
    this.#sql = storage.sql;
    this.#dueTimes = storage.dueTimes;
    this.#changed = changed;
    this.#host = host;
  }

  /** Something waits. */
  wake(sessionId: string): void {
    this.#sql.exec("insert or replace into queue values (?)", sessionId);
    this.#lookAfter(this.#host.isRunning() ? busyMs : 0);
    this.#changed.notify();
  }

  /** Whether something may wait. */
  get mayHaveMore(): boolean {
    return this.#findSession() !== undefined;
  }

  /** The session may be free now. */
  runEnded(): void {
    if (this.mayHaveMore) this.#lookAfter(0);
  }

  /** Begins the next turn, where the session is free. */
  async look(): Promise<void> {
    const sessionId = this.#findSession();
    if (sessionId === undefined) return;
    this.#lookAfter(this.#host.isRunning() ? busyMs : retryMs);
    if (this.#host.isRunning()) return;
    for (let steps = 0; steps < maxSteps; steps += 1) {
      const step = await this.#tryBegin(sessionId);
      this.#changed.notify();
      if (step.kind !== "next") return this.#take(sessionId, step);
    }
    this.#lookAfter(0);
  }

  async #take(sessionId: string, step: Exclude<QueueStep, { kind: "next" }>): Promise<void> {
    switch (step.kind) {
      case "begun":
        this.#dueTimes.clear("queue");
        this.#host.startRun(step.run);
        return;
      case "empty":
        this.#dueTimes.clear("queue");
        this.#sql.exec("delete from queue");
        return;
      case "later":
        this.#lookAfter(Math.min(Math.max(step.waitMs, 100), retryMs));
        return;
      case "recover":
        await this.#recover(sessionId, step.runId);
    }
  }

  /** Never rejects: the next look tries again. */
  async #recover(sessionId: string, runId: string): Promise<void> {
    try {
      await this.#host.recover(sessionId, runId);
    } catch (error) {
      const { log } = this.#host.getDeps();
      log.error("recovery_failed", { run_id: runId, error: error instanceof Error ? error.name : "unknown" });
    }
  }

  /** Never rejects: what fails is tried again. */
  async #tryBegin(sessionId: string): Promise<QueueStep> {
    const deps = this.#host.getDeps();
    const log = deps.log.with({ request_id: deps.newId() });
    try {
      return await beginNext(deps, sessionId, log);
    } catch (error) {
      log.error("queue_not_started", { error: error instanceof Error ? error.name : "unknown" });
      return { kind: "later", waitMs: retryMs };
    }
  }

  #lookAfter(waitMs: number): void {
    this.#dueTimes.set("queue", this.#host.getDeps().nowMs() + waitMs);
  }

  #findSession(): string | undefined {
    return this.#sql.exec<{ session_id: string }>("select session_id from queue").toArray()[0]?.session_id;
  }
}
