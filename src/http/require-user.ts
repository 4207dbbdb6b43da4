import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./app-env.ts";
import { unauthorized, type VerifyToken } from "./auth.ts";

/** Refuses a request without a valid bearer token or API key, and sets the request's user. */
export function requireUser(verifyToken: VerifyToken) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = /^Bearer +(\S+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
    if (token === undefined) throw unauthorized("Send 'Authorization: Bearer <token or API key>'.");
    c.set("user", await verifyToken(token));
    await next();
  });
}
