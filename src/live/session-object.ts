import { DurableObject } from "cloudflare:workers";
import type { Deps } from "../deps.ts";
import { nameOfError } from "../domain/error-name.ts";
import { turnCancelled } from "../domain/turn/agent-failure.ts";
import type { StockClient } from "../domain/turn/stream-client.ts";
import { resumeRun } from "../turn/resume.ts";
import type { Run } from "../turn/run.ts";
import {
  type EventsRequest,
  type HandOver,
  type HostAnswer,
  type HostJoin,
  type HostRefusal,
  type HostStream,
  handOverFormat,
  type QueuedRequest,
  type SessionHost,
  type WatchedRun,
} from "../turn/session-host.ts";
import { createClientIds } from "./client-ids.ts";
import { type DueKind, DueTimes } from "./due-times.ts";
import { EventLog, findWrittenLog } from "./event-log.ts";
import { executeHosted, writeEvents } from "./execute-hosted.ts";
import { type HostedRun, isResumed, seqAfter, startWithSnapshot, toRun } from "./hosted-run.ts";
import { HostedRuns } from "./hosted-runs.ts";
import { LogReaders, type ReaderEnd } from "./log-readers.ts";
import { answerStarted, readQueued, untilStarted, type WaitEnd } from "./queued-turn.ts";
import { SessionQueue } from "./session-queue.ts";
import { Signal } from "./signal.ts";
import { type Start, Starts } from "./starts.ts";
import { createTables } from "./tables.ts";

/** How long the object keeps events and starts after its last run. */
const forgetAfterMs = 10 * 60_000;
/** A recovery that failed, or came too early, is tried again after this time. */
const minRecoveryMs = 5_000;

/**
 * The host of one session: a Durable Object in which the session's runs are executed. Postgres decides who holds a claim;
 * the object can be lost at any time, like any holder. Only two things depend on its storage: that a run can be watched, and
 * that it is started once.
 */
export abstract class SessionObject extends DurableObject<unknown> implements SessionHost {
  /** The parts of this deployment. */
  protected abstract get deps(): Deps;

  readonly #starts = new Starts(this.ctx.storage.sql);
  readonly #dueTimes = new DueTimes(this.ctx.storage);
  readonly #readers = new LogReaders();
  /** A run starts, or the queue has changed. */
  readonly #changed = new Signal();
  readonly #runs = new HostedRuns(this.#changed);
  readonly #queue = new SessionQueue({ sql: this.ctx.storage.sql, dueTimes: this.#dueTimes }, this.#changed, {
    getDeps: () => this.deps,
    isRunning: () => this.#runs.isRunning,
    startRun: (run) => this.#startRun(run, 0),
    recover: (sessionId, runId) => this.#resume(sessionId, runId),
  });
  #eventLog: EventLog | undefined;
  /** A run that was cancelled and is not executed here; it may be on its way. */
  #cancelledRunId: string | undefined;
  #hasTables = false;

  async prepare(): Promise<void> {
    this.#makeTables();
  }

  async run(handOver: HandOver): Promise<HostAnswer> {
    const hosted = this.#startOnce(handOver);
    return hosted.kind === "hosted" ? hosted.answer : hosted;
  }

  async watch(handOver: HandOver, client: StockClient | null): Promise<WatchedRun> {
    const hosted = this.#startOnce(handOver);
    if (hosted.kind !== "hosted") return hosted;
    const { requestId } = handOver.run.request;
    const { runId } = handOver.run.turn.claim;
    return this.#read(hosted.eventLog, { fromSeq: 1 }, { runId, client, requestId });
  }

  async join({ runId, waitMs }: { runId: string; waitMs: number }): Promise<HostJoin> {
    const hosted = await this.#runs.waitFor(runId, waitMs);
    return hosted === undefined ? { kind: "unknown" } : hosted.answer;
  }

  async events(request: EventsRequest): Promise<HostStream> {
    this.#makeTables();
    const { runId, after, waitMs } = request;
    const hosted = await this.#runs.waitFor(runId, waitMs);
    const eventLog = hosted?.eventLog ?? findWrittenLog(this.ctx.storage.sql, runId);
    if (eventLog === undefined) return { kind: "unknown" };
    const nextSeq = seqAfter(eventLog, after);
    if (eventLog.isOver && nextSeq === eventLog.lastSeq + 1) return { kind: "complete" };
    if (eventLog.isOver && nextSeq === null) return { kind: "unknown" };
    if (this.#readers.isFull) return { kind: "too_many_readers" };
    if (nextSeq !== null || hosted === undefined || isResumed(hosted.run)) {
      return this.#read(eventLog, { fromSeq: nextSeq ?? 1 }, request);
    }
    return this.#read(eventLog, { fromSeq: 2, head: await startWithSnapshot(this.deps, hosted) }, request);
  }

  #read(
    eventLog: EventLog,
    start: { fromSeq: number; head?: string },
    { runId, client, requestId }: Pick<EventsRequest, "runId" | "client" | "requestId">,
  ): { kind: "streaming"; body: ReadableStream<Uint8Array> } {
    const rewrite = client === null ? (frames: string) => frames : createClientIds(client);
    const onEnd = (end: ReaderEnd) =>
      this.deps.log.info("stream_ended", { request_id: requestId, run_id: runId, end });
    const clock = { nowMs: this.deps.nowMs, wait: (ms: number) => scheduler.wait(ms) };
    return {
      kind: "streaming",
      body: this.#readers.open({ log: eventLog, ...start, rewrite, clock, onEnd }),
    };
  }

  async wakeQueue({ sessionId }: { sessionId: string }): Promise<void> {
    this.#makeTables();
    this.#queue.wake(sessionId);
  }

  async joinQueued(turn: QueuedRequest): Promise<HostJoin> {
    return answerStarted(await this.#untilStarted(turn));
  }

  async watchQueued({ client, requestId, ...turn }: Parameters<SessionHost["watchQueued"]>[0]) {
    if (this.#readers.isFull) return { kind: "too_many_readers" } as const;
    const body = readQueued({
      turnId: turn.turnId,
      started: this.#untilStarted(turn),
      read: ({ eventLog }) =>
        this.#read(eventLog, { fromSeq: 1 }, { runId: turn.turnId, client, requestId }).body,
      onStart: this.#readers.wait(),
    });
    return { kind: "streaming", body } as const;
  }

  #untilStarted(turn: QueuedRequest): Promise<WaitEnd> {
    this.#makeTables();
    this.#queue.wake(turn.sessionId);
    return untilStarted({ deps: this.deps, changed: this.#changed, runs: this.#runs }, turn);
  }

  async recover({ sessionId, runId }: { sessionId: string; runId: string }): Promise<void> {
    this.#makeTables();
    await this.#resume(sessionId, runId);
  }

  async cancel({ runId }: { runId: string }): Promise<boolean> {
    const hosted = this.#runs.find(runId);
    if (hosted?.isRunning === true) hosted.cancel.abort(turnCancelled);
    else this.#cancelledRunId = runId;
    return hosted?.isRunning ?? false;
  }

  override async alarm(): Promise<void> {
    this.#makeTables();
    for (const kind of this.#dueTimes.take(this.deps.nowMs())) await this.#doDue(kind);
  }

  async #doDue(kind: DueKind): Promise<void> {
    switch (kind) {
      case "recover": {
        const unfinished = this.#starts.listUnfinished();
        // The object may be lost while it recovers a run.
        if (unfinished.length > 0) this.#recoverAfter(minRecoveryMs);
        for (const start of unfinished) await this.#recoverUnfinished(start);
        return;
      }
      case "queue":
        await this.#queue.tryNext();
        if (!this.#queue.mayHaveMore) this.#forgetLater();
        return;
      case "forget":
        await this.#forget();
        return;
      default:
        kind satisfies never;
    }
  }

  /** Recovers a run that is not executed here any more: its holder was lost with the object's memory, or has failed. */
  async #recoverUnfinished({ sessionId, runId, holder }: Start): Promise<void> {
    const { log, settings } = this.deps;
    if (this.#runs.get(holder)?.isRunning === true) return this.#recoverAfter(settings.turnLeaseMs);
    try {
      const leaseLeftMs = await this.#resume(sessionId, runId);
      if (leaseLeftMs === null) this.#starts.end(holder);
      else this.#recoverAfter(Math.max(leaseLeftMs, minRecoveryMs));
    } catch (error) {
      log.error("recovery_failed", { run_id: runId, error: nameOfError(error) });
      this.#recoverAfter(minRecoveryMs);
    }
    this.#forgetLater();
  }

  /** The run that is handed over. Under one holder it is started once: a repeated call finds it. */
  #startOnce(handOver: HandOver): HostedRun | HostRefusal {
    const { claim } = handOver.run.turn;
    const hosted = this.#runs.get(claim.holder);
    if (hosted !== undefined) return hosted;
    if (handOver.format !== handOverFormat) return { kind: "upgrade" };
    this.#makeTables();
    const start = this.#starts.find(claim.holder);
    if (start !== undefined) return { kind: start.isOver ? "ended" : "lost" };
    return this.#startRun(toRun(this.deps, handOver), handOver.roundTrips);
  }

  #startRun(run: Run, roundTrips: number): HostedRun {
    const { claim } = run.turn;
    const { settings, nowMs } = this.deps;
    this.#starts.add(claim);
    const leaseEndMs = Math.max(nowMs(), run.sentMs + settings.turnLeaseMs);
    this.#dueTimes.update({ recover: leaseEndMs, forget: null });
    this.#eventLog?.detach();
    const eventLog = EventLog.create(this.ctx.storage.sql, claim.holder);
    this.#eventLog = eventLog;
    const cancel = new AbortController();
    if (claim.runId === this.#cancelledRunId) cancel.abort(turnCancelled);
    const events = writeEvents(eventLog, this.#readers, claim);
    const answer = executeHosted(this.deps, this.ctx.storage, run, { events, cancel, roundTrips });
    const hosted: HostedRun = { kind: "hosted", run, isRunning: true, cancel, eventLog, answer };
    this.#runs.add(hosted);
    this.ctx.waitUntil(answer.then((ended) => this.#end(hosted, claim.holder, ended)));
    return hosted;
  }

  /** A run that has failed may have left its claim. Then it must be recovered. */
  #end(hosted: HostedRun, holder: string, ended: HostAnswer): void {
    hosted.isRunning = false;
    if (!hosted.eventLog.isStored) {
      this.deps.log.warn("events_not_stored", { run_id: hosted.run.turn.claim.runId });
    }
    if (ended.kind === "failed") {
      this.#recoverAfter(minRecoveryMs);
      this.#queue.runEnded();
    } else {
      this.#starts.end(holder);
      this.#forgetLater();
    }
  }

  /**
   * Takes a run over and goes on with it. Where another holder has it, returns how long that holder's lease still lasts,
   * ms. Null: the run is executed here now, or has ended.
   */
  async #resume(sessionId: string, runId: string): Promise<number | null> {
    const log = this.deps.log.with({ request_id: this.deps.newId(), run_id: runId });
    const resumption = await resumeRun(this.deps, { sessionId, runId }, log);
    switch (resumption.kind) {
      case "taken":
        this.#startRun(resumption.run, 0);
        return null;
      case "held":
        return resumption.leaseLeftMs;
      case "over":
        return null;
    }
  }

  /**
   * Sets the time of the next recovery. While a run is executed it is the end of its lease: the alarm wakes an object that
   * lost its memory.
   */
  #recoverAfter(delayMs: number): void {
    this.#dueTimes.update({ recover: this.deps.nowMs() + Math.max(0, delayMs) });
  }

  /** Once no run is unfinished, the object waits some time and then forgets everything. */
  #forgetLater(): void {
    if (this.#starts.listUnfinished().length > 0) {
      this.#queue.runEnded();
      return;
    }
    const nowMs = this.deps.nowMs();
    if (this.#queue.mayHaveMore) this.#dueTimes.update({ recover: null, forget: null, queue: nowMs });
    else this.#dueTimes.update({ recover: null, forget: nowMs + forgetAfterMs });
  }

  async #forget(): Promise<void> {
    if (this.#starts.listUnfinished().length > 0 || this.#queue.mayHaveMore) return;
    this.#eventLog?.close();
    this.#eventLog = undefined;
    this.#runs.clear();
    this.#hasTables = false;
    this.#dueTimes.reset();
    await this.ctx.storage.deleteAll();
  }

  #makeTables(): void {
    if (!this.#hasTables) createTables(this.ctx.storage.sql);
    this.#hasTables = true;
  }
}
