import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { PantheonError } from "../domain/errors.ts";

/** Bodies over so many bytes are refused before they are read whole; one that breaks off is no JSON. */
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
      throw new PantheonError("malformed_json", "The body broke off.", {}, { cause: error });
    });
    await next();
  });
}

export const limitBody = limitBodyTo(256 * 1024);

/** For an optional body: a client that always names a Content-Type may still send nothing. */
export const emptyBodyAsObject = createMiddleware(async (c, next) => {
  const { raw } = c.req;
  const isNothing = raw.body === null || (await raw.clone().arrayBuffer()).byteLength === 0;
  if (isNothing && raw.headers.has("Content-Type")) c.req.raw = new Request(raw, { body: "{}" });
  await next();
});
