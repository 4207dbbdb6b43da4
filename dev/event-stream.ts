type EventBody = ReadableStream<Uint8Array<ArrayBuffer>>;

/** The `data` of each Server-Sent Event, as it arrives. Throws what the connection throws where it breaks. */
export async function* readEventData(body: EventBody): AsyncGenerator<string> {
  for await (const { data } of readServerEvents(body)) yield data;
}

/** A Server-Sent Event; `id` null: it has none. */
export type ServerEvent = { id: string | null; data: string };

/** The same with the `id` of each; comments and other fields are passed over. */
export async function* readServerEvents(body: EventBody): AsyncGenerator<ServerEvent> {
  let unread = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const frames = (unread + text).split("\n\n");
    unread = frames.pop() ?? "";
    for (const frame of frames) {
      const lines = frame.split("\n");
      const valuesOf = (field: string) =>
        lines.filter((line) => line.startsWith(field)).map((line) => line.slice(field.length).trimStart());
      const data = valuesOf("data:");
      if (data.length > 0) yield { id: valuesOf("id:").at(-1) ?? null, data: data.join("\n") };
    }
  }
}
