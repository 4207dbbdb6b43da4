import {
  enforceEvents,
  runHttpRequest,
  transformHttpEventStream,
  verifyEvents as verifyOrder,
} from "@ag-ui/client";
import type { AGUIEvent, EventType } from "@ag-ui/core";
import { EventSchema } from "@ag-ui/core/schemas";
import { expect } from "vitest";
import { streamEvent } from "../../src/routes/schemas/event-stream.ts";

/** Reads a streamed answer event by event, so that a test can act in the middle of it. */
export function readEvents(response: Response) {
  expect(response.headers.get("Content-Type")).toBe("text/event-stream");
  const frames = readFrames(response);
  const events: AGUIEvent[] = [];
  const next = async (): Promise<AGUIEvent | undefined> => {
    for (;;) {
      const { done, value: frame } = await frames.next();
      if (done) return undefined;
      if (frame.startsWith(":")) continue;
      const event = toEvent(frame);
      events.push(event);
      return event;
    }
  };
  return {
    /** All events read so far. */
    events,
    next,
    /** Reads up to and with the first event of this type, that `fits` where it is given. */
    async until<Type extends `${EventType}`>(
      type: Type,
      fits: (event: EventOf<Type>) => boolean = () => true,
    ): Promise<EventOf<Type>> {
      for (let event = await next(); event !== undefined; event = await next()) {
        if (isOfType(event, type) && fits(event)) return event;
      }
      throw new Error(`the stream ended without ${type}: ${events.map((event) => event.type).join(", ")}`);
    },
    /** Reads to the end; the whole stream must be one that the stock client takes, and as the document declares it. */
    async all(): Promise<AGUIEvent[]> {
      for (let event = await next(); event !== undefined; ) event = await next();
      await verifyEvents(events);
      for (const event of events) streamEvent.parse(event);
      return events;
    },
    /** Goes away in the middle. */
    async leave(): Promise<void> {
      await frames.return(undefined);
    },
  };
}

export type EventOf<Type extends `${EventType}`> = Extract<AGUIEvent, { type: Type }>;

export function eventsOf<Type extends `${EventType}`>(
  events: readonly AGUIEvent[],
  type: Type,
): EventOf<Type>[] {
  return events.flatMap((event) => (isOfType(event, type) ? [event] : []));
}

/** The text of a message as a client puts it together. */
export function joinDeltas(events: readonly AGUIEvent[], messageId: string): string {
  const contents = eventsOf(events, "TEXT_MESSAGE_CONTENT");
  return contents.flatMap((event) => (event.messageId === messageId ? [event.delta] : [])).join("");
}

/** Fails on what the package's schemas, its order of events or its strictness about fields refuse. */
export async function verifyEvents(events: readonly AGUIEvent[]): Promise<void> {
  for (const event of events) EventSchema.parse(event);
  const body = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
  const response = new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  const known = enforceEvents()(transformHttpEventStream(runHttpRequest(async () => response)));
  const verified: unknown[] = [];
  await new Promise<void>((complete, error) => {
    verifyOrder()(known).subscribe({ next: (event) => verified.push(event), error, complete });
  });
  // Enforcing strips what the protocol does not know: nothing may have gone.
  expect(verified).toEqual(events);
}

/** The stream's frames as they come: the text before each blank line. */
export async function* readFrames(response: Response): AsyncGenerator<string, undefined, undefined> {
  if (response.body === null) throw new Error("the answer has no body");
  const reader = response.body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let unread = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      unread += decoder.decode(value, { stream: true });
      const frames = unread.split("\n\n");
      unread = frames.pop() ?? "";
      yield* frames;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  expect(unread).toBe("");
  return undefined;
}

/** One event is one `data:` line. Its shape is checked with the whole stream, in `verifyEvents`. */
function toEvent(frame: string): AGUIEvent {
  const [, json = ""] = /^(?:id: [^\n]+\n)?data: (\{[^\n]*\})$/.exec(frame) ?? [];
  expect(json, frame).not.toBe("");
  return JSON.parse(json) as AGUIEvent;
}

function isOfType<Type extends `${EventType}`>(event: AGUIEvent, type: Type): event is EventOf<Type> {
  return event.type === type;
}
