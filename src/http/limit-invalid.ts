import { createMiddleware } from "hono/factory";
import { type ErrorCode, PantheonError } from "../domain/errors.ts";
import { countRequest, type RateLimiter } from "../domain/rate-limiter.ts";
import type { AppEnv } from "./app-env.ts";

/** Faults of a body that are found before the database is asked. */
const bodyFaults: ReadonlySet<ErrorCode> = new Set([
  "malformed_json",
  "payload_too_large",
  "unsupported_media_type",
  "validation_failed",
]);

const methodsWithBody: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** Counts a user's requests with invalid bodies against a limit of their own. One too many is 429. */
export function limitInvalid(limiter: RateLimiter | null) {
  return createMiddleware<AppEnv>(async (c, next) => {
    await next();
    const { error } = c;
    if (!(error instanceof PantheonError) || !bodyFaults.has(error.code)) return;
    if (!methodsWithBody.has(c.req.method)) return;
    const detail = "You have sent too many invalid requests. Please wait.";
    await countRequest(limiter, { userId: c.var.user.userId, log: c.var.log, detail });
  });
}
