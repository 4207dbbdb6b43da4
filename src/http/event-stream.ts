/** Interval of keep-alive comments: below the idle timeouts of common proxies. */
const keepAliveMs = 15_000;

/** Unread bytes at which a stream is cut. It bounds the memory of a stream. */
const maxUnreadBytes = 2 * 1024 * 1024;

/** A body of Server-Sent Events. Writing never throws and never waits for the reader. */
export type EventStream = {
  body: ReadableStream<Uint8Array>;
  /** Writes one event as one `data:` line. After the end of the stream it does nothing. */
  send(event: object): void;
  /** Writes the last event, even if too much is unread, and ends the stream. */
  end(event: object): void;
};

/** `backpressure`: the reader left too much unread; `serialization_failed`: an event cannot be written as JSON. */
export type CutReason = "client_disconnected" | "backpressure" | "serialization_failed";
/** `completed`: the last event was written. */
export type StreamEnd = "completed" | CutReason;

export type EventStreamOptions = {
  keepAliveMs?: number;
  maxUnreadBytes?: number;
  /** Called once, when the stream is completed or cut. Must not throw. */
  onEnd?: (end: StreamEnd) => void;
};

/**
 * Opens a stream of events. Each event is sent at once. A comment line keeps the connection open between events. A reader
 * that disconnects or is too slow ends the stream only; the work behind it goes on.
 */
export function openEventStream(options: EventStreamOptions = {}): EventStream {
  const encoder = new TextEncoder();
  let open: ReadableStreamDefaultController<Uint8Array> | null = null;
  const close = (end: StreamEnd) => {
    clearInterval(keepAlive);
    open = null;
    options.onEnd?.(end);
  };
  const cut = (reason: CutReason) => {
    if (open === null) return;
    // An error, not a close: unread events are dropped, and the reader knows that it missed some.
    if (reason !== "client_disconnected") open.error(new Error("The event stream was cut."));
    close(reason);
  };
  const write = (text: string) => {
    if (open === null) return;
    if ((open.desiredSize ?? 0) > 0) open.enqueue(encoder.encode(text));
    else cut("backpressure");
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        open = controller;
      },
      cancel: () => cut("client_disconnected"),
    },
    {
      highWaterMark: options.maxUnreadBytes ?? maxUnreadBytes,
      size: (chunk) => chunk?.byteLength ?? 0,
    },
  );
  const keepAlive = setInterval(() => write(": keep-alive\n\n"), options.keepAliveMs ?? keepAliveMs);
  return {
    body,
    send(event) {
      try {
        write(toFrame(event));
      } catch {
        cut("serialization_failed");
      }
    },
    end(event) {
      try {
        if (open === null) return;
        open.enqueue(encoder.encode(toFrame(event)));
        open.close();
        close("completed");
      } catch {
        cut("serialization_failed");
      }
    },
  };
}

/** JSON has no raw line breaks, so an event is always one line; lone surrogates are escaped. */
function toFrame(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

export const eventStreamHeaders = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
} as const;

/** Whether an `Accept` header names `text/event-stream`, not with `q=0`. */
export function acceptsEventStream(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((range) => {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return type === "text/event-stream" && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
