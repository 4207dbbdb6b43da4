import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./app-env.ts";
import { readRoutePattern } from "./matched-route.ts";

/** One line per request, once its answer begins. The path as sent stays out: it can hold anything. */
export function logRequests(nowMs: () => number) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const startedMs = nowMs();
    await next();
    c.var.log.info("request_done", {
      method: c.req.method,
      route: readRoutePattern(c) ?? null,
      status: c.res.status,
      duration_ms: nowMs() - startedMs,
      user_id: c.get("user")?.userId ?? null,
    });
  });
}
