import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./app-env.ts";

/** Keeps the signal by which the runtime tells that the client went away: a request whose body is rebuilt loses it. */
export const captureDisconnect = createMiddleware<AppEnv>(async (c, next) => {
  c.set("clientGone", c.req.raw.signal);
  await next();
});
