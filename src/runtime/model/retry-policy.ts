import { readRetryAfterMs } from "../../domain/retry-after.ts";
import { isPassing, type ProviderError } from "./provider-error.ts";

/** The call fails instead of waiting longer than this. */
const maxHonouredWaitMs = 59_000;

const firstBackoffMs = 500;
const maxBackoffMs = 8_000;

/** Why an attempt failed: no headers arrived, or the provider refused. */
export type FailedAttempt =
  | { kind: "unreachable" }
  | { kind: "refused"; error: ProviderError; headers: Headers };

export type RetryState = {
  /** Attempts so far. */
  attempts: number;
  maxRetries: number;
  nowMs: number;
  /** When the first byte must have arrived. */
  deadlineMs: number;
  /** From 0 to 1. */
  random: () => number;
};

/** How long to wait before the request is sent again, ms. Null: it is not sent again. */
export function decideRetry(failed: FailedAttempt, state: RetryState): number | null {
  const { attempts, maxRetries, nowMs, deadlineMs } = state;
  if (attempts > maxRetries) return null;
  const statedMs = failed.kind === "refused" ? readRetryAfter(failed, nowMs) : 0;
  if (statedMs === null) return null;
  const isTooLong = statedMs > maxHonouredWaitMs || nowMs + statedMs >= deadlineMs;
  if (isTooLong) return null;
  return statedMs > 0 ? statedMs : backoffMs(state);
}

/** The stated wait, ms; 0: none is stated. Null: the request is not sent again. */
function readRetryAfter(
  { error, headers }: FailedAttempt & { kind: "refused" },
  nowMs: number,
): number | null {
  const stated = headers.get("x-should-retry");
  const isRetried = stated === "true" || (stated !== "false" && isPassing(error));
  return isRetried ? retryAfterMs(headers, nowMs) : null;
}

function backoffMs({ attempts, random }: RetryState): number {
  const maxMs = Math.min(firstBackoffMs * 2 ** (attempts - 1), maxBackoffMs);
  return maxMs * (1 - random() * 0.25);
}

/** `Retry-After`, or OpenAI's `retry-after-ms`, in ms; 0 where there is none. */
export function retryAfterMs(headers: Headers, nowMs: number): number {
  const exact = Number.parseFloat(headers.get("retry-after-ms") ?? "");
  if (Number.isFinite(exact)) return Math.max(0, exact);
  return readRetryAfterMs(headers, nowMs) ?? 0;
}
