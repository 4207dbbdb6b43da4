import { createMiddleware } from "hono/factory";

/** No answer is guessed at by its content, and none is kept unless its route says so. */
export const securityHeaders = createMiddleware(async (c, next) => {
  await next();
  c.header("X-Content-Type-Options", "nosniff");
  if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "no-store");
});
