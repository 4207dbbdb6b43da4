import { maxReaders } from "../turn/session-host.ts";
import type { EventLog } from "./event-log.ts";

/** Interval of keep-alive comments: below the idle timeouts of common proxies. */
const keepAliveMs = 15_000;
/** A reader that takes nothing while so many bytes are appended is closed. Its client may read on from its last event. */
const maxBehindBytes = 2 * 1024 * 1024;

/** `backpressure`: the reader was too far behind; `gone`: the log was deleted while it was read. */
export type ReaderEnd = "completed" | "client_disconnected" | "backpressure" | "gone";

export type LogReader = {
  log: EventLog;
  /** The first event to read. */
  fromSeq: number;
  /** What is sent before it. */
  head?: Uint8Array | undefined;
  /** Changes what one reader is sent. */
  rewrite: (bytes: Uint8Array) => Uint8Array;
  onEnd: (end: ReaderEnd) => void;
};

type OpenReader = { log: EventLog; markBytes: number; cut: (end: ReaderEnd) => void; comment: () => void };

const keepAlive = new TextEncoder().encode(": keep-alive\n\n");

/** The readers of a session's events. Each reads the log at its own position and keeps no copy of it. */
export class LogReaders {
  readonly #readers = new Set<OpenReader>();
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
  open({ log, fromSeq, head, rewrite, onEnd }: LogReader): ReadableStream<Uint8Array> {
    let seq = fromSeq;
    let unsentHead = head;
    let isOpen = true;
    const reader: OpenReader = { log, markBytes: log.bytes, cut: () => undefined, comment: () => undefined };
    const end = (reason: ReaderEnd) => {
      isOpen = false;
      this.#remove(reader);
      onEnd(reason);
    };
    const source: UnderlyingByteSource = {
      type: "bytes",
      start: (controller) => {
        reader.cut = (reason) => {
          if (!isOpen) return;
          end(reason);
          controller.error(new Error("The event stream was cut."));
        };
        reader.comment = () => controller.enqueue(keepAlive.slice());
      },
      pull: async (controller) => {
        if (unsentHead !== undefined) {
          controller.enqueue(rewrite(unsentHead).slice());
          unsentHead = undefined;
          return;
        }
        for (;;) {
          reader.markBytes = log.bytes;
          const part = log.read(seq);
          if (part === "gone") return reader.cut("gone");
          if (part !== null) {
            seq = part.nextSeq;
            controller.enqueue(rewrite(part.bytes).slice());
          }
          if (log.isOver && seq > log.lastSeq) {
            end("completed");
            return controller.close();
          }
          if (part !== null) return;
          await log.changed();
          if (!isOpen) return;
        }
      },
      cancel: () => {
        if (isOpen) end("client_disconnected");
      },
    };
    this.#add(reader);
    return new ReadableStream(source, { highWaterMark: 0 });
  }

  /** Closes readers of a log that are too far behind. */
  checkPace(log: EventLog): void {
    for (const reader of this.#readers) {
      if (reader.log === log && log.bytes - reader.markBytes > maxBehindBytes) reader.cut("backpressure");
    }
  }

  #add(reader: OpenReader): void {
    this.#readers.add(reader);
    this.#timer ??= setInterval(() => {
      for (const { comment } of this.#readers) comment();
    }, keepAliveMs);
  }

  #remove(reader: OpenReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
