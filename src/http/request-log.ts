import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./app-env.ts";
import { readRoutePattern } from "./matched-route.ts";

/**
 * Logs one line for each request, when its answer is made. The line has the route, not the path: a
 * path can contain anything.
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
    c.var.log.info("request_done", { ...line, duration_ms: nowMs() - startedMs });
  });
}
