/**
 * The `data` of each Server-Sent Event, as it arrives; comments and other fields are passed over.
 * Throws what the connection throws where it breaks.
 */
export async function* readEventData(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let unread = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const frames = (unread + text).split("\n\n");
    unread = frames.pop() ?? "";
    for (const frame of frames) {
      const lines = frame.split("\n").filter((line) => line.startsWith("data:"));
      if (lines.length > 0) yield lines.map((line) => line.slice("data:".length).trimStart()).join("\n");
    }
  }
}
