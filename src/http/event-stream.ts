/** How often a comment line goes out, so that nothing between us and the reader takes the line for dead. */
const keepAliveMs = 15_000;

/** What a reader may leave unread before its stream is dropped. Every stream's memory is bounded by it. */
const maxUnreadBytes = 2 * 1024 * 1024;

/** A body of Server-Sent Events. Writing never throws and never waits, whatever the reader does. */
export type EventStream = {
  body: ReadableStream<Uint8Array>;
  /** Writes one event as one `data:` line; nothing once the stream is over. */
  send(event: object): void;
  /** Writes the last event, however much is unread, and ends the stream. */
  end(event: object): void;
};

/** `left`: its reader went away; `unread`: it left too much unread; `broken`: an event is no JSON. */
export type CutReason = "left" | "unread" | "broken";
export type StreamEnd = "told" | CutReason;

export type EventStreamOptions = {
  keepAliveMs?: number;
  maxUnreadBytes?: number;
  /** Told once that the stream is over: told to its end, or cut before. Must not throw. */
  onEnd?: (end: StreamEnd) => void;
};

/**
 * Opens a stream of events. Each goes out at once, none waits for another; a comment line keeps the
 * connection open in between. A reader that goes away, or falls too far behind, ends the stream alone.
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
    // Errored, not closed: what is unread is given up, and the reader can tell that it missed something.
    if (reason !== "left") open.error(new Error("The event stream was cut."));
    close(reason);
  };
  const write = (text: string) => {
    if (open === null) return;
    if ((open.desiredSize ?? 0) > 0) open.enqueue(encoder.encode(text));
    else cut("unread");
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        open = controller;
      },
      cancel: () => cut("left"),
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
        cut("broken");
      }
    },
    end(event) {
      try {
        if (open === null) return;
        open.enqueue(encoder.encode(toFrame(event)));
        open.close();
        close("told");
      } catch {
        cut("broken");
      }
    },
  };
}

/** JSON holds no raw line break, so an event is one line whatever its text; lone surrogates are escaped. */
function toFrame(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

export const eventStreamHeaders = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
} as const;

/** True where `text/event-stream` stands in an `Accept` header and is not refused by `q=0`. */
export function acceptsEventStream(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((range) => {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return type === "text/event-stream" && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
