import { maxReaders } from "../turn/session-host.ts";
import type { EventLog } from "./event-log.ts";

/** Interval of keep-alive comments: below the idle timeouts of common proxies. */
export const keepAliveMs = 15_000;
/** A reader that takes nothing while so many bytes are appended is closed. Its client may read on from its last event. */
const maxBehindBytes = 2 * 1024 * 1024;

/**
 * While events come, a reader is sent this many parts at once, and one more in each interval. What is appended meanwhile goes
 * into the next part: each part is a message to the Worker and a write to the client, which cost more than its bytes.
 */
const maxPartsAtOnce = 16;
const partIntervalMs = 25;

/** `backpressure`: the reader was too far behind; `gone`: the log was deleted while it was read. */
export type ReaderEnd = "completed" | "client_disconnected" | "backpressure" | "gone";

export type ReaderClock = { nowMs: () => number; wait: (ms: number) => Promise<unknown> };

export type ReaderStart = {
  log: EventLog;
  /** The first event to read. */
  fromSeq: number;
  /** What is sent before it. */
  head?: string | undefined;
  /** Changes what one reader is sent. */
  rewrite: (frames: string) => string;
  clock: ReaderClock;
  onEnd: (end: ReaderEnd) => void;
};

const encoder = new TextEncoder();
const keepAlive = encoder.encode(": keep-alive\n\n");

/** One reader of a log, and what it was sent so far. */
class LogReader {
  readonly #log: EventLog;
  readonly #rewrite: ReaderStart["rewrite"];
  readonly #clock: ReaderClock;
  readonly #onEnd: ReaderStart["onEnd"];
  #seq: number;
  #head: string | undefined;
  /** Bytes of the log when the reader last took something. */
  #readAtBytes: number;
  #isOpen = true;
  /** Each part that is sent moves this time on by one interval. A reader waits where it is far ahead of the clock. */
  #pacedUntilMs = 0;
  #controller: ReadableByteStreamController | undefined;

  constructor({ log, fromSeq, head, rewrite, clock, onEnd }: ReaderStart) {
    this.#log = log;
    this.#seq = fromSeq;
    this.#head = head;
    this.#rewrite = rewrite;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#readAtBytes = log.bytes;
  }

  start(controller: ReadableByteStreamController): void {
    this.#controller = controller;
  }

  async pull(controller: ReadableByteStreamController): Promise<void> {
    if (this.#head !== undefined) {
      controller.enqueue(encoder.encode(this.#rewrite(this.#head)));
      this.#head = undefined;
      return;
    }
    while (this.#isOpen) {
      this.#readAtBytes = this.#log.bytes;
      while (this.#isOpen && !this.#log.isOver && this.#seq > this.#log.lastSeq) await this.#log.changed();
      if (this.#log.isNewest(this.#seq)) await this.#keepPace();
      if (!this.#isOpen) return;
      this.#readAtBytes = this.#log.bytes;
      const part = this.#log.read(this.#seq);
      if (part === "gone") return this.cut("gone");
      if (part !== null) {
        this.#seq = part.nextSeq;
        controller.enqueue(encoder.encode(this.#rewrite(part.frames)));
      }
      if (this.#log.isOver && this.#seq > this.#log.lastSeq) {
        this.#end("completed");
        return controller.close();
      }
      if (part !== null) return;
    }
  }

  /** Resolves at once, unless more parts were sent than their interval allows. */
  async #keepPace(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const aheadMs = this.#pacedUntilMs - nowMs;
    this.#pacedUntilMs = Math.max(this.#pacedUntilMs, nowMs) + partIntervalMs;
    // A clock that is set back does not stop a reader.
    const waitMs = Math.min(aheadMs - (maxPartsAtOnce - 1) * partIntervalMs, partIntervalMs);
    if (waitMs > 0) await this.#clock.wait(waitMs);
  }

  cancel(): void {
    this.#end("client_disconnected");
  }

  /** Ends the stream before the log's end. */
  cut(reason: ReaderEnd): void {
    if (!this.#isOpen) return;
    this.#end(reason);
    this.#controller?.error(new Error("The event stream was cut."));
  }

  comment(): void {
    this.#controller?.enqueue(keepAlive.slice());
  }

  isTooFarBehind(log: EventLog): boolean {
    return log === this.#log && log.bytes - this.#readAtBytes > maxBehindBytes;
  }

  #end(reason: ReaderEnd): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#onEnd(reason);
  }
}

/** The readers of a session's events. Each reads the log at its own position and keeps no copy of it. */
export class LogReaders {
  readonly #readers = new Set<LogReader>();
  #waiting = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  get isFull(): boolean {
    return this.#readers.size + this.#waiting >= maxReaders;
  }

  /** Counts a reader of a run that has not started. Returns a function that ends this, once. */
  wait(): () => void {
    let isWaiting = true;
    this.#waiting += 1;
    return () => {
      if (isWaiting) this.#waiting -= 1;
      isWaiting = false;
    };
  }

  /** A stream of events, from `fromSeq` to the end of the log. */
  open(start: ReaderStart): ReadableStream<Uint8Array> {
    const onEnd = (end: ReaderEnd) => {
      this.#remove(reader);
      start.onEnd(end);
    };
    const reader = new LogReader({ ...start, onEnd });
    this.#add(reader);
    const source: UnderlyingByteSource = {
      type: "bytes",
      start: (controller) => reader.start(controller),
      pull: (controller) => reader.pull(controller),
      cancel: () => reader.cancel(),
    };
    return new ReadableStream(source, { highWaterMark: 0 });
  }

  /** Closes readers of a log that are too far behind. */
  checkPace(log: EventLog): void {
    for (const reader of this.#readers) if (reader.isTooFarBehind(log)) reader.cut("backpressure");
  }

  #add(reader: LogReader): void {
    this.#readers.add(reader);
    this.#timer ??= setInterval(() => {
      for (const reader of this.#readers) reader.comment();
    }, keepAliveMs);
  }

  #remove(reader: LogReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
