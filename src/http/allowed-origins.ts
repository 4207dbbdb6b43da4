import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";

/** Lets browsers of these origins call and preflight; to any other origin CORS is not spoken at all. */
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
