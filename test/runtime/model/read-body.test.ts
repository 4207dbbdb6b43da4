import { expect, test } from "vitest";
import { readBody } from "../../../src/runtime/model/read-body.ts";

const text = Array.from({ length: 5_000 }, (_, n) => `${n} `).join("");
const decoder = new TextDecoder();

test("a body is read into one buffer of 16 KiB, and what was read before stays as it was", async () => {
  const bytes = new TextEncoder().encode(text);
  const sizes: number[] = [];
  let sent = 0;
  const body = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const view = controller.byobRequest?.view;
      if (!view) throw new Error("the reader has no buffer of its own");
      sizes.push(view.byteLength);
      // Smaller than the buffer each second time.
      const piece = bytes.subarray(sent, sent + (sizes.length % 2 === 0 ? 10 : view.byteLength));
      new Uint8Array(view.buffer, view.byteOffset).set(piece);
      sent += piece.byteLength;
      if (piece.byteLength === 0) controller.close();
      controller.byobRequest?.respond(piece.byteLength);
    },
  });
  let read = "";

  await readBody(body, {
    onBytes: (piece) => {
      read += decoder.decode(piece, { stream: true });
      return false;
    },
    signal: new AbortController().signal,
    pause: async () => undefined,
  });

  expect(read).toBe(text);
  expect(new Set(sizes)).toEqual(new Set([16 * 1024]));
});
