import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./app-env.ts";
import { readRoutePattern } from "./matched-route.ts";

/**
 * One line per request, once its answer is made, or its stream is over, and how that ended. The path as sent
 * stays out: it can hold anything.
 */
export function logRequests(nowMs: () => number) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const startedMs = nowMs();
    await next();
    const line = {
      method: c.req.method,
      route: readRoutePattern(c) ?? null,
      status: c.res.status,
      user_id: c.get("user")?.userId ?? null,
    };
    const write = (how: object) =>
      c.var.log.info("request_done", { ...line, duration_ms: nowMs() - startedMs, ...how });
    const streamEnd = c.get("streamEnd");
    if (streamEnd === undefined) write({});
    else void streamEnd.then((stream) => write({ stream }));
  });
}
