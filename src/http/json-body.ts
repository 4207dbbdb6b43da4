import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { PantheonError } from "../domain/errors.ts";
import type { AppEnv } from "./app-env.ts";

const bodyLimitBytes = 256 * 1024;

/** Bodies over 256 KiB are refused before they are read whole. */
export const limitBody = bodyLimit({
  maxSize: bodyLimitBytes,
  onError: () => {
    throw new PantheonError("payload_too_large", `A body may have ${bodyLimitBytes} bytes at most.`);
  },
});

/** A body must say that it is JSON; without this a form would be read as an empty object. */
export const requireJson = createMiddleware<AppEnv>(async (c, next) => {
  const type = c.req.header("Content-Type") ?? "";
  if (c.req.raw.body !== null && !/^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new PantheonError("unsupported_media_type", "Send 'Content-Type: application/json'.");
  }
  await next();
});
