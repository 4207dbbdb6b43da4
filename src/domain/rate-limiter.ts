/** Counts a call of `key`; `success` is false where it is one too many. The shape of Workers' own binding. */
export type RateLimiter = { limit(call: { key: string }): Promise<{ success: boolean }> };

/** Its period in wrangler.toml: so long after a user's last turn nothing is counted any more. */
export const limiterPeriodSeconds = 60;

export function isRateLimiter(value: unknown): value is RateLimiter {
  return typeof value === "object" && value !== null && "limit" in value && typeof value.limit === "function";
}
