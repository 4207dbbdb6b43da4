import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./app-env.ts";

/** Keeps the signal that aborts when the client disconnects: a request whose body is rebuilt loses it. */
export const captureDisconnect = createMiddleware<AppEnv>(async (c, next) => {
  c.set("clientGone", c.req.raw.signal);
  await next();
});
