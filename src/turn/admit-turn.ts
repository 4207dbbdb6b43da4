import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import { limiterPeriodSeconds } from "../domain/rate-limiter.ts";
import type { RunRequest } from "./begin-run.ts";

/**
 * Counts a run against the limit of its user, before anything is claimed or spent. A limiter that fails
 * refuses nobody: turns go on without a limit, and each says so in one warning.
 * @throws PantheonError `rate_limited`, with `Retry-After`.
 */
export async function admitTurn(
  { turnLimiter }: Pick<Deps, "turnLimiter">,
  { user, log }: Pick<RunRequest, "user" | "log">,
): Promise<void> {
  if (turnLimiter === null) return;
  try {
    const { success } = await turnLimiter.limit({ key: user.userId });
    if (success) return;
  } catch (error) {
    log.warn("rate_limit_unavailable", { error: error instanceof Error ? error.name : typeof error });
    return;
  }
  throw new PantheonError("rate_limited", "You have started too many turns. Please wait.", {
    headers: { "Retry-After": String(limiterPeriodSeconds) },
  });
}
