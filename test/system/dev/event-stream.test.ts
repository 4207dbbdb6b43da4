import { expect, test } from "vitest";
import { readEventData } from "../../../dev/event-stream.ts";

function bodyOf(...chunks: Uint8Array<ArrayBuffer>[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test("the event reader returns complete events wherever the bytes are split, and skips comments", async () => {
  const bytes = new TextEncoder().encode('data: {"a":"é…"}\n\n: keep-alive\n\nid: 7\ndata: x\ndata: y\n\n');
  const whole = ['{"a":"é…"}', "x\ny"];
  expect(await listOf(readEventData(bodyOf(bytes)))).toEqual(whole);
  const single = [...bytes].map((byte) => new Uint8Array([byte]));
  expect(await listOf(readEventData(bodyOf(...single)))).toEqual(whole);
});

test("the event reader drops an incomplete event at the end", async () => {
  const bytes = new TextEncoder().encode("data: whole\n\ndata: cut");
  expect(await listOf(readEventData(bodyOf(bytes)))).toEqual(["whole"]);
});

test("the event reader throws when the connection breaks", async () => {
  const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.error(new Error("broken")),
  });
  await expect(listOf(readEventData(broken))).rejects.toThrow("broken");
});
