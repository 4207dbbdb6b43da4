/** One HTTP request of a model call, as seen from outside the SDK. */
export type HttpAttempt = {
  attempt: number;
  startedAtMs: number;
  endedAtMs: number | null;
  /** Null: no answer's headers arrived. */
  status: number | null;
  requestId: string | null;
};

/** The SDK puts longer waits than this aside for a backoff of its own, so we do not start them. */
const longestHonouredWaitMs = 59_000;

/**
 * A `fetch` that keeps a record of each attempt the SDK makes, and stops its retries where the provider
 * asks for a longer wait than is left before `deadlineMs` (`x-should-retry` is the SDK's own switch).
 */
export function recordAttempts(attempts: HttpAttempt[], now: () => number, deadlineMs: number): typeof fetch {
  return async (input, init) => {
    const attempt: HttpAttempt = {
      attempt: attempts.length + 1,
      startedAtMs: now(),
      endedAtMs: null,
      status: null,
      requestId: null,
    };
    attempts.push(attempt);
    try {
      const response = await fetch(input, init);
      attempt.status = response.status;
      attempt.requestId = response.headers.get("x-request-id");
      const waitMs = retryAfterMs(response.headers, now());
      const isTooLong = waitMs > longestHonouredWaitMs || now() + waitMs >= deadlineMs;
      return response.ok || !isTooLong ? response : withoutRetry(response);
    } finally {
      attempt.endedAtMs = now();
    }
  };
}

/** `Retry-After` in ms (seconds, a date, or OpenAI's `retry-after-ms`); 0 where there is none. */
export function retryAfterMs(headers: Headers, nowMs: number): number {
  const exact = Number.parseFloat(headers.get("retry-after-ms") ?? "");
  if (Number.isFinite(exact)) return Math.max(0, exact);
  const value = headers.get("retry-after") ?? "";
  const seconds = Number(value);
  if (value.trim() !== "" && Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? 0 : Math.max(0, date - nowMs);
}

function withoutRetry(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set("x-should-retry", "false");
  return new Response(response.body, { status: response.status, headers });
}
