import { PantheonError } from "./errors.ts";
import type { Log } from "./log.ts";

/** Counts a call of `key`; `success` is false where it is one too many. The shape of Workers' own binding. */
export type RateLimiter = { limit(call: { key: string }): Promise<{ success: boolean }> };

/** Its period in wrangler.toml: so long after a user's last turn nothing is counted any more. */
export const limiterPeriodSeconds = 60;

export function isRateLimiter(value: unknown): value is RateLimiter {
  return typeof value === "object" && value !== null && "limit" in value && typeof value.limit === "function";
}

/**
 * Counts a request of a user. A limiter that fails refuses nobody: requests go on without a limit, and each says
 * so in one warning. Null: there is no limit.
 * @throws PantheonError `rate_limited` with `Retry-After` where the request is one too many.
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
    log.warn("rate_limit_unavailable", { error: error instanceof Error ? error.name : typeof error });
    return;
  }
  throw new PantheonError("rate_limited", detail, {
    headers: { "Retry-After": String(limiterPeriodSeconds) },
  });
}
