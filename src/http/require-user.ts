import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./app-env.ts";
import { unauthorized, type VerifyToken } from "./auth.ts";

/** Lets a request pass whose bearer token verifies, and leaves its user in the context. */
export function requireUser(verifyToken: VerifyToken) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = /^Bearer +(\S+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
    if (token === undefined) throw unauthorized("Send 'Authorization: Bearer <JWT>'.");
    c.set("user", await verifyToken(token));
    await next();
  });
}
