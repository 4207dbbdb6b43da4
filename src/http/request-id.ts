import { createMiddleware } from "hono/factory";
import type { Log } from "../domain/log.ts";
import type { AppEnv } from "./app-env.ts";

const saneRequestId = /^[A-Za-z0-9._-]{1,128}$/;

/** Accepts the caller's `X-Request-Id` where it is sane, else makes one; it stands in every log line. */
export function withRequestId(log: Log, newId: () => string) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const given = c.req.header("X-Request-Id") ?? "";
    const requestId = saneRequestId.test(given) ? given : newId();
    c.set("requestId", requestId);
    c.set("log", log.with({ request_id: requestId }));
    await next();
    c.header("X-Request-Id", requestId);
  });
}
