import { createMiddleware } from "hono/factory";
import type { Log } from "../domain/log.ts";
import type { AppEnv } from "./app-env.ts";

const requestIdPattern = /^[A-Za-z0-9._-]{1,128}$/;

/** Takes the caller's `X-Request-Id` where it has the right form, else makes one. Every log line has it. */
export function withRequestId(log: Log, newId: () => string) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const given = c.req.header("X-Request-Id") ?? "";
    const requestId = requestIdPattern.test(given) ? given : newId();
    c.set("requestId", requestId);
    c.set("log", log.with({ request_id: requestId }));
    await next();
    c.header("X-Request-Id", requestId);
  });
}
