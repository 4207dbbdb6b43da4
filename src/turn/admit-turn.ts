import type { Deps } from "../deps.ts";
import { countRequest } from "../domain/rate-limiter.ts";
import type { RunRequest } from "./begin-run.ts";

/**
 * Counts a run against the limit of its user, before anything is claimed or spent.
 * @throws PantheonError `rate_limited`, with `Retry-After`.
 */
export function admitTurn(
  { turnLimiter }: Pick<Deps, "turnLimiter">,
  { user, log }: Pick<RunRequest, "user" | "log">,
): Promise<void> {
  const detail = "You have started too many turns. Please wait.";
  return countRequest(turnLimiter, { userId: user.userId, log, detail });
}
