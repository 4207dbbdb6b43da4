import { createMiddleware } from "hono/factory";
import { type ErrorCode, PantheonError } from "../domain/errors.ts";
import { countRequest, type RateLimiter } from "../domain/rate-limiter.ts";
import type { AppEnv } from "./app-env.ts";

/** What is wrong with a body before anything is looked up. */
const bodyFaults: ReadonlySet<ErrorCode> = new Set([
  "malformed_json",
  "payload_too_large",
  "unsupported_media_type",
  "validation_failed",
]);

const bodilyMethods: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** A user's requests whose bodies cannot be taken count against a limit of their own; one too many is 429. */
export function limitInvalid(limiter: RateLimiter | null) {
  return createMiddleware<AppEnv>(async (c, next) => {
    await next();
    const { error } = c;
    if (!(error instanceof PantheonError) || !bodyFaults.has(error.code)) return;
    if (!bodilyMethods.has(c.req.method)) return;
    const detail = "Too many of your requests do not validate. Please wait.";
    await countRequest(limiter, { userId: c.var.user.userId, log: c.var.log, detail });
  });
}
