import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { PantheonError } from "../domain/errors.ts";

/** Refuses a body of more bytes before it is read whole. A body that ends early is `malformed_json`. */
export function limitBodyTo(maxBytes: number) {
  const limit = bodyLimit({
    maxSize: maxBytes,
    onError: () => {
      throw new PantheonError("payload_too_large", `A body may have ${maxBytes} bytes at most.`);
    },
  });
  return createMiddleware(async (c, next) => {
    await limit(c, async () => undefined).catch((error: unknown) => {
      if (error instanceof PantheonError) throw error;
      throw new PantheonError("malformed_json", "The body ended early.", {}, { cause: error });
    });
    await next();
  });
}

export const limitBody = limitBodyTo(256 * 1024);

/** Reads an empty body as `{}`, for clients that always send a Content-Type. */
export const emptyBodyAsObject = createMiddleware(async (c, next) => {
  const { raw } = c.req;
  const isEmpty = raw.body === null || (await raw.clone().arrayBuffer()).byteLength === 0;
  if (isEmpty && raw.headers.has("Content-Type")) c.req.raw = new Request(raw, { body: "{}" });
  await next();
});
