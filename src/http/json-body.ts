import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { PantheonError } from "../domain/errors.ts";

const bodyLimitBytes = 256 * 1024;

const limit = bodyLimit({
  maxSize: bodyLimitBytes,
  onError: () => {
    throw new PantheonError("payload_too_large", `A body may have ${bodyLimitBytes} bytes at most.`);
  },
});

/** Bodies over 256 KiB are refused before they are read whole; one that breaks off is no JSON. */
export const limitBody = createMiddleware(async (c, next) => {
  await limit(c, async () => undefined).catch((error: unknown) => {
    if (error instanceof PantheonError) throw error;
    throw new PantheonError("malformed_json", "The body broke off.", {}, { cause: error });
  });
  await next();
});

/** For an optional body: a client that always names a Content-Type may still send nothing. */
export const readNothingAsEmptyObject = createMiddleware(async (c, next) => {
  const { raw } = c.req;
  const isNothing = raw.body === null || (await raw.clone().arrayBuffer()).byteLength === 0;
  if (isNothing && raw.headers.has("Content-Type")) c.req.raw = new Request(raw, { body: "{}" });
  await next();
});
