import type { ErrorCode, ErrorExtras } from "../domain/errors.ts";
import type { StockClient } from "../domain/turn/stream-client.ts";
import type { Run, RunRequest, TurnAnswer } from "./run.ts";

/** The version of `HandOver`. A host that reads another one does not execute the run. */
export const handOverFormat = 1;

/** Readers of one session's events at a time. The client that posts a turn is not refused. */
export const maxReaders = 16;

type WithoutLog<Request> = Request extends unknown ? Omit<Request, "log"> : never;

/** A run that is opened and planned, as its host is given it. Plain data: it crosses from one isolate to another. */
export type HandOver = {
  format: number;
  run: Omit<Run, "request" | "startedMs" | "sentMs"> & { request: WithoutLog<RunRequest> };
  /** Milliseconds since the request arrived. */
  elapsedMs: number;
  /** Milliseconds since the request that took the claim was sent. */
  leaseAgeMs: number;
  /** Requests to the database that the answer has waited for so far. */
  roundTrips: number;
};

/** A problem as data: an error's class does not cross from one isolate to another. */
export type HostProblem = { code: ErrorCode; detail: string; extras: ErrorExtras };

/** Why a host does not execute a run that it was given. */
export type HostRefusal =
  /** The host does not know the format. */
  | { kind: "upgrade" }
  /** The run was started by this host before it lost its memory. It is never started again under the same holder. */
  | { kind: "lost" }
  /** The run is over, and the host no longer has its answer. */
  | { kind: "ended" };

export type HostAnswer =
  | { kind: "stored"; answer: TurnAnswer }
  | { kind: "failed"; problem: HostProblem }
  | HostRefusal;

/** Where a reader is in a run's events: the epoch names the holder, or the run where they were made from the database. */
export type EventPlace = { epoch: string; seq: number | "end" };

export type EventsRequest = {
  runId: string;
  /** The last event that the reader has; null: it has none. */
  after: EventPlace | null;
  /** How long to wait for the run's start: it may be on its way. */
  waitMs: number;
  client: StockClient | null;
  requestId: string;
};

/** A turn that waits in the session's queue, and whose it is. */
export type QueuedRequest = { sessionId: string; userId: string; turnId: string };

export type WatchedRun = { kind: "streaming"; body: ReadableStream<Uint8Array> } | HostRefusal;

export type HostStream =
  | { kind: "streaming"; body: ReadableStream<Uint8Array> }
  /** The reader has the last event. */
  | { kind: "complete" }
  | { kind: "too_many_readers" }
  /** The host has no events of this run that follow the reader's place. */
  | { kind: "unknown" };

export type HostJoin = HostAnswer | { kind: "unknown" };

/**
 * What executes the runs of one session. A call that is repeated with the same run and holder joins the first. Any call may
 * reject: the host can be lost at any time.
 */
export type SessionHost = {
  /** Does nothing. A new host takes longer to answer, so it is called once before it is needed. */
  prepare(): Promise<void>;
  /** Executes a run; resolves when it is over. */
  run(handOver: HandOver): Promise<HostAnswer>;
  /** Executes a run and returns its events. `client`: a stock client, whose ids the stream has; null: the server's ids. */
  watch(handOver: HandOver, client: StockClient | null): Promise<WatchedRun>;
  /** Waits for the end of a run that this host executes. */
  join(run: { runId: string; waitMs: number }): Promise<HostJoin>;
  /** The events of the session's latest run. */
  events(request: EventsRequest): Promise<HostStream>;
  /** Tells the host that a turn may wait in the session's queue: it starts the first, as soon as the session is free. */
  wakeQueue(session: { sessionId: string }): Promise<void>;
  /** Waits until a turn that waits has started and its run is over. */
  joinQueued(turn: QueuedRequest): Promise<HostJoin>;
  /** The events of a turn that waits: comments until it starts. */
  watchQueued(turn: QueuedRequest & Pick<EventsRequest, "client" | "requestId">): Promise<HostStream>;
  /**
   * Takes over a run whose holder is gone, and goes on with it. Resolves once it is taken over, or found to be no longer
   * free.
   */
  recover(run: { sessionId: string; runId: string }): Promise<void>;
  /** Aborts the calls of a run that was cancelled, and stores its turn. False: the host does not execute the run. */
  cancel(run: { runId: string }): Promise<boolean>;
};

/** The host of each session. */
export type SessionHosts = (sessionId: string) => SessionHost;
