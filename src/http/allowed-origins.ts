import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";

/** Allows CORS requests of these origins. An answer to any other origin has no CORS headers. */
export function allowOrigins(origins: readonly string[]) {
  const allow = cors({
    origin: [...origins],
    allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: ["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id", "Accept"],
    exposeHeaders: ["X-Request-Id", "Server-Timing", "Idempotency-Replayed", "Retry-After"],
    maxAge: 600,
  });
  return createMiddleware(async (c, next) => {
    if (origins.includes(c.req.header("Origin") ?? "")) return allow(c, next);
    await next();
    c.header("Vary", "Origin", { append: true });
  });
}
