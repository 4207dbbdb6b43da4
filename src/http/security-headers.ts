import { createMiddleware } from "hono/factory";

/** Browsers do not guess the type of an answer. An answer is not cached, unless its route sets `Cache-Control`. */
export const securityHeaders = createMiddleware(async (c, next) => {
  await next();
  c.header("X-Content-Type-Options", "nosniff");
  if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "no-store");
});
