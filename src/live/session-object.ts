import { DurableObject } from "cloudflare:workers";
import { countRequests } from "../db/core/client.ts";
import type { Deps } from "../deps.ts";
import type { PantheonError } from "../domain/errors.ts";
import type { StockClient } from "../domain/turn/stream-client.ts";
import { describeError } from "../http/problem.ts";
import { toAgUiMessage } from "../routes/schemas/ag-ui.ts";
import { executeRun } from "../turn/execute.ts";
import { resumeRun } from "../turn/resume.ts";
import type { Run } from "../turn/run.ts";
import {
  type HandOver,
  type HostAnswer,
  type HostRefusal,
  type HostStream,
  handOverFormat,
  type SessionHost,
} from "../turn/session-host.ts";
import { loadRunSnapshot } from "../turn/snapshot.ts";
import { createClientIds } from "./client-ids.ts";
import { createDueTable, type DueKind, DueTimes } from "./due-times.ts";
import { createLogTables, EventLog } from "./event-log.ts";
import { LogReaders } from "./log-readers.ts";
import { createRunEvents, type RunEvents } from "./run-events.ts";
import { createStartTable, type Start, Starts } from "./starts.ts";

/** How long the object keeps events and starts after its last run. */
const forgetAfterMs = 10 * 60_000;
/** A recovery that failed, or came too early, is tried again after this time. */
const minRecoveryMs = 5_000;

/** A run in the memory of this object. */
type HostedRun = { kind: "hosted"; runId: string; isOn: boolean; log: EventLog; answer: Promise<HostAnswer> };

/**
 * The host of one session: a Durable Object in which the session's runs are executed. Postgres decides who holds a claim; the
 * object can be lost at any time, like any holder. Nothing but watching a run depends on its storage.
 */
export abstract class SessionObject extends DurableObject<unknown> implements SessionHost {
  /** The parts of this deployment. */
  protected abstract get deps(): Deps;

  readonly #starts = new Starts(this.ctx.storage.sql);
  readonly #dueTimes = new DueTimes(this.ctx.storage);
  readonly #readers = new LogReaders();
  /** By holder. */
  readonly #runs = new Map<string, HostedRun>();
  #log: EventLog | undefined;
  #hasTables = false;

  async prepare(): Promise<void> {
    this.#makeTables();
  }

  async run(handOver: HandOver): Promise<HostAnswer> {
    const begun = this.#begin(handOver);
    return begun.kind === "hosted" ? begun.answer : begun;
  }

  async watch(handOver: HandOver, client: StockClient | null): Promise<HostStream> {
    const begun = this.#begin(handOver);
    if (begun.kind !== "hosted") return begun;
    const log = this.deps.log.with({ request_id: handOver.run.request.requestId });
    const body = this.#readers.open({
      log: begun.log,
      fromSeq: 1,
      rewrite: client === null ? (bytes) => bytes : createClientIds(client),
      onEnd: (end) => log.info("stream_ended", { run_id: begun.runId, end }),
    });
    return { kind: "streaming", body };
  }

  async recover({ sessionId, runId }: { sessionId: string; runId: string }): Promise<void> {
    this.#makeTables();
    await this.#resume(sessionId, runId);
  }

  override async alarm(): Promise<void> {
    this.#makeTables();
    for (const kind of this.#dueTimes.take(this.deps.nowMs())) await this.#act(kind);
  }

  async #act(kind: DueKind): Promise<void> {
    switch (kind) {
      case "recover":
        for (const start of this.#starts.listUnfinished()) await this.#recoverUnfinished(start);
        return;
      case "forget":
        await this.#forget();
    }
  }

  /** Recovers a run that is not executed here any more: its holder was lost with the object's memory, or has failed. */
  async #recoverUnfinished({ sessionId, runId, holder }: Start): Promise<void> {
    const { log, settings } = this.deps;
    if (this.#runs.get(holder)?.isOn === true) return this.#watchLease(settings.turnLeaseMs);
    try {
      const left = await this.#resume(sessionId, runId);
      if (left === null) this.#starts.end(holder);
      else this.#watchLease(Math.max(left, minRecoveryMs));
    } catch (error) {
      log.error("recovery_failed", { run_id: runId, error: error instanceof Error ? error.name : "unknown" });
      this.#watchLease(minRecoveryMs);
    }
    this.#rest();
  }

  #begin(handOver: HandOver): HostedRun | HostRefusal {
    const { claim } = handOver.run.turn;
    const hosted = this.#runs.get(claim.holder);
    if (hosted !== undefined) return hosted;
    if (handOver.format !== handOverFormat) return { kind: "upgrade" };
    this.#makeTables();
    const start = this.#starts.find(claim.holder);
    if (start !== undefined) return { kind: start.isOver ? "ended" : "lost" };
    return this.#host(this.#toRun(handOver), handOver.roundTrips);
  }

  /** The run with the clock of this object. */
  #toRun({ run, elapsedMs, leaseAgeMs }: HandOver): Run {
    const { request, ...rest } = run;
    const log = this.deps.log.with({ request_id: request.requestId, run_id: run.turn.claim.runId });
    const nowMs = this.deps.nowMs();
    return {
      ...rest,
      request: { ...request, log },
      startedMs: nowMs - elapsedMs,
      sentMs: nowMs - leaseAgeMs,
    };
  }

  #host(run: Run, roundTrips: number): HostedRun {
    const { claim } = run.turn;
    const { settings, nowMs } = this.deps;
    this.#starts.add(claim);
    this.#dueTimes.clear("forget");
    this.#watchLease(settings.turnLeaseMs - (nowMs() - run.sentMs));
    this.#log?.detach();
    const log = new EventLog(this.ctx.storage.sql, claim.holder);
    this.#log = log;
    const sink = {
      append: (event: object) => {
        log.append(event);
        this.#readers.checkPace(log);
      },
      end: (event: object) => log.end(event),
    };
    const events = createRunEvents(sink, { threadId: claim.sessionId, runId: claim.runId });
    const answer = this.#execute(run, events, roundTrips);
    const hosted: HostedRun = { kind: "hosted", runId: claim.runId, isOn: true, log, answer };
    this.#runs.set(claim.holder, hosted);
    this.ctx.waitUntil(answer.then((ended) => this.#end(hosted, claim.holder, ended)));
    return hosted;
  }

  /** Never rejects. */
  async #execute(run: Run, events: RunEvents, roundTrips: number): Promise<HostAnswer> {
    const { db, requests } = countRequests(this.deps.db);
    try {
      events.start();
      // No model is called before the start is stored: a start that is lost would be begun again.
      await this.ctx.storage.sync();
      await sendSnapshot({ ...this.deps, db }, run, events);
      const answer = await executeRun({ ...this.deps, db }, run, {
        emit: events.emit,
        requests: () => roundTrips + requests(),
      });
      events.finish(answer);
      return { kind: "stored", answer };
    } catch (error) {
      const problem = describeError(error, run.request.log);
      events.fail(problem);
      return { kind: "failed", problem: toProblem(problem) };
    }
  }

  /** A run that has failed may be left to recovery. Its claim says whether it is. */
  #end(hosted: HostedRun, holder: string, ended: HostAnswer): void {
    hosted.isOn = false;
    if (ended.kind === "failed") {
      this.#watchLease(minRecoveryMs);
    } else {
      this.#starts.end(holder);
      this.#rest();
    }
  }

  /** Takes a run over and goes on with it. Another holder's lease: the ms that are left of it; null: there is none. */
  async #resume(sessionId: string, runId: string): Promise<number | null> {
    const log = this.deps.log.with({ request_id: this.deps.newId(), run_id: runId });
    const resumption = await resumeRun(this.deps, { sessionId, runId }, log);
    switch (resumption.kind) {
      case "taken":
        this.#host(resumption.run, 0);
        return null;
      case "held":
        return resumption.leaseLeftMs;
      case "over":
        return null;
    }
  }

  /** While a run is executed, the alarm is at the end of its lease: it wakes an object that has lost its memory. */
  #watchLease(leftMs: number): void {
    this.#dueTimes.set("recover", this.deps.nowMs() + Math.max(0, leftMs));
  }

  #rest(): void {
    if (this.#starts.listUnfinished().length > 0) return;
    this.#dueTimes.clear("recover");
    this.#dueTimes.set("forget", this.deps.nowMs() + forgetAfterMs);
  }

  async #forget(): Promise<void> {
    if (this.#starts.listUnfinished().length > 0) return;
    this.#log?.close();
    this.#log = undefined;
    this.#runs.clear();
    this.#hasTables = false;
    await this.ctx.storage.deleteAll();
  }

  #makeTables(): void {
    if (this.#hasTables) return;
    const { sql } = this.ctx.storage;
    createStartTable(sql);
    createDueTable(sql);
    createLogTables(sql);
    this.#hasTables = true;
  }
}

/** A resumed run goes on from answers that readers of its new log have not seen. */
async function sendSnapshot(deps: Deps, run: Run, events: RunEvents): Promise<void> {
  if (run.turn.claim.pastHolders.length === 0) return;
  const messages = await loadRunSnapshot(deps, run);
  events.snapshot(messages.map(toAgUiMessage));
}

function toProblem({ code, message, extras }: PantheonError) {
  return { code, detail: message, extras };
}
