import type { AGUIEvent } from "@ag-ui/core";
import { EventSourceParserStream } from "eventsource-parser/stream";

/** One event of a turn; `id` is its place in the stream, where the server gives one. */
export type StreamEvent = { event: AGUIEvent; id: string | undefined };

/** Reads a turn's events as they arrive. Ends where the stream ends, and throws where the connection breaks. */
export async function* readEvents(response: Response): AsyncGenerator<StreamEvent> {
  if (response.body === null) return;
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  const reader = events.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const { data, id } = next.value;
      // Safe: the API sends AG-UI's events; a reader ignores an event of another type.
      yield { event: JSON.parse(data) as AGUIEvent, id };
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
