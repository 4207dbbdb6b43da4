import { describe, expect, test } from "vitest";
import { readErrorBody } from "../../../src/runtime/model/provider-error.ts";
import { decideRetry, type FailedAttempt, retryAfterMs } from "../../../src/runtime/model/retry-policy.ts";

const nowMs = Date.parse("2026-03-01T10:00:00Z");

const refusal = (status: number, headers: Record<string, string> = {}): FailedAttempt => ({
  kind: "refused",
  error: readErrorBody(status, { error: { message: "no" } }),
  headers: new Headers(headers),
});

const decide = (failed: FailedAttempt, state: Partial<Parameters<typeof decideRetry>[1]> = {}) =>
  decideRetry(failed, {
    attempts: 1,
    maxRetries: 2,
    nowMs,
    deadlineMs: nowMs + 60_000,
    random: () => 0,
    ...state,
  });

describe("the wait that a provider asks for", () => {
  test.each<[Record<string, string>, number]>([
    [{}, 0],
    [{ "retry-after": "3" }, 3_000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "-5" }, 0],
    [{ "retry-after": "" }, 0],
    [{ "retry-after": "soon" }, 0],
    [{ "retry-after": "Sun, 01 Mar 2026 10:00:20 GMT" }, 20_000],
    [{ "retry-after": "Sun, 01 Mar 2026 09:00:00 GMT" }, 0],
    [{ "retry-after-ms": "250", "retry-after": "3" }, 250],
    [{ "retry-after-ms": "nonsense", "retry-after": "3" }, 3_000],
  ])("%j: %d ms", (headers, waitMs) => {
    expect(retryAfterMs(new Headers(headers), nowMs)).toBe(waitMs);
  });
});

describe("a call is tried again", () => {
  test.each([408, 409, 429, 500, 502, 503, 504, 529])("after status %d", (status) => {
    expect(decide(refusal(status))).toBe(500);
  });

  test.each([300, 307, 400, 401, 402, 403, 404, 413, 422, 451])("not after status %d", (status) => {
    expect(decide(refusal(status))).toBeNull();
  });

  test("without a connection, twice at most, with a longer wait each time", () => {
    const waits = [1, 2, 3].map((attempts) => decide({ kind: "unreachable" }, { attempts }));
    expect(waits).toEqual([500, 1_000, null]);
    expect(decide({ kind: "unreachable" }, { random: () => 1 })).toBe(375);
  });

  test("as often as its model's settings allow", () => {
    expect(decide(refusal(503), { maxRetries: 0 })).toBeNull();
  });

  test("after a rate limit that only the body names", () => {
    const error = readErrorBody(200, { error: { code: "rate_limit_exceeded", message: "later" } });
    expect(decide({ kind: "refused", error, headers: new Headers() })).toBe(500);
  });

  test.each([
    ["than is left", "30", nowMs + 20_000, null],
    ["than is ever waited", "60", nowMs + 3_600_000, null],
    ["neither", "10", nowMs + 20_000, 10_000],
  ])("not where the provider asks for a longer wait: %s", (_than, seconds, deadlineMs, waitMs) => {
    expect(decide(refusal(429, { "retry-after": seconds }), { deadlineMs })).toBe(waitMs);
  });

  test("as the header x-should-retry says", () => {
    expect(decide(refusal(400, { "x-should-retry": "true" }))).toBe(500);
    expect(decide(refusal(503, { "x-should-retry": "false" }))).toBeNull();
  });
});
