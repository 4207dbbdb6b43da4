import type { AGUIEvent } from "@ag-ui/core";
import type { EventView } from "./ag-ui-labels.ts";

/**
 * Shows the events of a stream in another form. Comments pass as they are. Where several events replace one, its `id:` line
 * comes with the last of them, so that a reader continues after all of them.
 */
export function viewFrames(view: EventView): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let unread = "";
  return new TransformStream({
    transform(chunk, controller) {
      const frames = (unread + decoder.decode(chunk, { stream: true })).split("\n\n");
      unread = frames.pop() ?? "";
      const shown = frames.map((frame) => viewFrame(frame, view)).join("");
      if (shown !== "") controller.enqueue(encoder.encode(shown));
    },
  });
}

function viewFrame(frame: string, view: EventView): string {
  const lines = frame.split("\n");
  const data = lines.find((line) => line.startsWith("data: "));
  if (data === undefined) return `${frame}\n\n`;
  const others = lines.filter((line) => line !== data).map((line) => `${line}\n`);
  const event: AGUIEvent = JSON.parse(data.slice("data: ".length));
  const shown = view(event).map((sent) => `data: ${JSON.stringify(sent)}\n\n`);
  const last = shown.pop();
  return last === undefined ? "" : shown.join("") + others.join("") + last;
}
