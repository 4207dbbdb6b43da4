import type { AGUIEvent } from "@ag-ui/core";
import type { EventView } from "./ag-ui-labels.ts";

/**
 * Shows the events of a stream in another form. Comments pass as they are. Where several events replace one, its `id:` line
 * comes with the last of them, so that a reader continues after all of them.
 */
export function viewFrames(view: EventView): TransformStream<Uint8Array, Uint8Array> {
  return writeFrames((event, others) => {
    const shown = view(event).map((sent) => `data: ${JSON.stringify(sent)}\n\n`);
    const last = shown.pop();
    return last === undefined ? "" : shown.join("") + others + last;
  });
}

/** Writes something else in the place of each event. `others`: the other lines of its frame. Comments pass as they are. */
export function writeFrames(
  write: (event: AGUIEvent, others: string) => string,
): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let unread = "";
  return new TransformStream({
    transform(chunk, controller) {
      const frames = (unread + decoder.decode(chunk, { stream: true })).split("\n\n");
      unread = frames.pop() ?? "";
      const shown = frames.map((frame) => writeFrame(frame, write)).join("");
      if (shown !== "") controller.enqueue(encoder.encode(shown));
    },
  });
}

function writeFrame(frame: string, write: (event: AGUIEvent, others: string) => string): string {
  const lines = frame.split("\n");
  const data = lines.find((line) => line.startsWith("data: "));
  if (data === undefined) return `${frame}\n\n`;
  const others = lines.filter((line) => line !== data).map((line) => `${line}\n`);
  return write(JSON.parse(data.slice("data: ".length)), others.join(""));
}
