import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { PantheonError } from "../domain/errors.ts";
import { hasMoreEntries } from "./json-entries.ts";

/** What is built of a body takes many times its bytes where its entries are small. */
const maxEntries = 25_000;

/**
 * Refuses a body of more bytes before it is read whole, and one of more than `maxEntries` before it is parsed. A body that
 * ends early is `malformed_json`.
 */
export function limitBodyTo(maxBytes: number) {
  const limit = bodyLimit({
    maxSize: maxBytes,
    onError: () => {
      throw new PantheonError("payload_too_large", `A body may have ${maxBytes} bytes at most.`);
    },
  });
  return createMiddleware(async (c, next) => {
    const text = await limit(c, async () => undefined)
      // Hono keeps it, and parses it where a route reads the body. What is not JSON is never parsed.
      .then(() => (/json/i.test(c.req.header("Content-Type") ?? "") ? c.req.text() : ""))
      .catch((error: unknown) => {
        if (error instanceof PantheonError) throw error;
        throw new PantheonError("malformed_json", "The body ended early.", {}, { cause: error });
      });
    if (hasMoreEntries(text, maxEntries)) {
      throw new PantheonError(
        "payload_too_large",
        `A body may have ${maxEntries} entries of objects and lists at most.`,
      );
    }
    await next();
  });
}

export const limitBody = limitBodyTo(256 * 1024);

/** Reads an empty body as `{}`, for clients that always send a Content-Type. */
export const emptyBodyAsObject = createMiddleware(async (c, next) => {
  const isEmpty = (await c.req.text()) === "";
  if (isEmpty && c.req.raw.headers.has("Content-Type")) {
    c.req.raw = new Request(c.req.raw, { body: "{}" });
    // Hono keeps what it has read.
    c.req.bodyCache = {};
  }
  await next();
});
