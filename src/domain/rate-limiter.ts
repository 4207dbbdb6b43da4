import { nameOfError } from "./error-name.ts";
import { PantheonError } from "./errors.ts";
import type { Log } from "./log.ts";

/** Counts a call of `key`. `success` is false above the limit. The shape of Workers' own binding. */
export type RateLimiter = { limit(call: { key: string }): Promise<{ success: boolean }> };

/** The limiter's period, as in wrangler.toml. */
export const limiterPeriodSeconds = 60;

export function isRateLimiter(value: unknown): value is RateLimiter {
  return typeof value === "object" && value !== null && "limit" in value && typeof value.limit === "function";
}

/**
 * Counts a request of a user. If the limiter fails, the request is not refused, and a warning is logged. Null: there is
 * no limit.
 * @throws PantheonError `rate_limited` with `Retry-After` where the limit is exceeded.
 */
export async function countRequest(
  limiter: RateLimiter | null,
  request: { userId: string; log: Log; detail: string },
): Promise<void> {
  if (limiter === null) return;
  const { userId, log, detail } = request;
  try {
    const { success } = await limiter.limit({ key: userId });
    if (success) return;
  } catch (error) {
    log.warn("rate_limit_unavailable", { error: nameOfError(error) });
    return;
  }
  throw new PantheonError("rate_limited", detail, {
    headers: { "Retry-After": String(limiterPeriodSeconds) },
  });
}
