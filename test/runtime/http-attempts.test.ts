import { describe, expect, test } from "vitest";
import { type HttpAttempt, recordAttempts, retryAfterMs } from "../../src/runtime/model/http-attempts.ts";
import { createModels } from "../support/models.ts";

const nowMs = Date.parse("2026-03-01T10:00:00Z");

describe("how long a provider asks to wait", () => {
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

describe("a recorded fetch", () => {
  const ask = async (answer: object, deadlineMs: number) => {
    const models = createModels();
    await models.script({ answer });
    const attempts: HttpAttempt[] = [];
    let clockMs = nowMs;
    const record = recordAttempts(attempts, () => clockMs++, deadlineMs);
    const body = JSON.stringify({ model: "m", messages: [] });
    const response = await record(`${models.baseUrl}/chat/completions`, { method: "POST", body });
    return { attempts, response, text: await response.text() };
  };

  test("keeps status, times and the provider's id of each attempt", async () => {
    const { attempts, text } = await ask(
      { text: "hi", headers: { "x-request-id": "req-1" } },
      nowMs + 60_000,
    );
    expect(attempts).toEqual([
      { attempt: 1, startedAtMs: nowMs, endedAtMs: expect.any(Number), status: 200, requestId: "req-1" },
    ]);
    expect(text).toContain("hi");
  });

  test.each([
    ["than is left", "30", nowMs + 20_000, "false"],
    ["than is ever waited", "60", nowMs + 3_600_000, "false"],
    ["neither", "10", nowMs + 20_000, null],
  ])("tells the SDK not to retry where the wait is longer: %s", async (_than, seconds, deadlineMs, told) => {
    const { response } = await ask({ status: 429, headers: { "Retry-After": seconds } }, deadlineMs);
    expect(response.status).toBe(429);
    expect(response.headers.get("x-should-retry")).toBe(told);
  });

  test("records an attempt that got no answer as one without status", async () => {
    const attempts: HttpAttempt[] = [];
    const record = recordAttempts(attempts, () => nowMs, nowMs + 1_000);
    const aborted = AbortSignal.abort(new Error("no"));
    await expect(record("http://127.0.0.1:9/", { signal: aborted })).rejects.toThrow();
    expect(attempts).toMatchObject([{ attempt: 1, status: null, requestId: null, endedAtMs: nowMs }]);
  });
});
