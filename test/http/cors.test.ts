import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { allowedOrigin, createTestApi, mintToken, newUser } from "../support/api.ts";

const api = createTestApi();

function preflight(Origin: string, path = "/rooms") {
  const asks = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization" };
  return api.send("OPTIONS", path, { headers: { Origin, ...asks } });
}

test("a preflight request of an allowed origin is answered without a token", async () => {
  const { status, headers, text } = await preflight(allowedOrigin);
  expect([status, text]).toEqual([204, ""]);
  expect(headers.get("Access-Control-Allow-Origin")).toBe(allowedOrigin);
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
    expect(headers.get("Access-Control-Allow-Methods")).toContain(method);
  }
  for (const name of [
    ...["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id", "Last-Event-ID"],
    ...["traceparent", "tracestate", "baggage", "sentry-trace"],
  ]) {
    expect(headers.get("Access-Control-Allow-Headers")).toContain(name);
  }
  expect(headers.get("Access-Control-Allow-Credentials")).toBeNull();
  expect(headers.get("Vary")).toContain("Origin");
});

test("a page may send what OpenAI's SDK adds to its requests", async () => {
  const sent: Headers[] = [];
  const client = new OpenAI({
    baseURL: "https://pantheon.example/v1",
    apiKey: "a key",
    organization: "org",
    project: "project",
    dangerouslyAllowBrowser: true,
    fetch: async (_, init) => {
      sent.push(new Headers(init?.headers));
      return new Response("data: [DONE]\n\n", { headers: { "Content-Type": "text/event-stream" } });
    },
  });
  const request = { model: "room:x", messages: [{ role: "user", content: "hi" }] } as const;
  await client.chat.completions.create({ ...request, messages: [...request.messages] }, { timeout: 1_000 });
  await client.chat.completions
    .stream({ ...request, messages: [...request.messages] })
    .done()
    .catch(() => undefined);
  const names = new Set(sent.flatMap((headers) => [...headers.keys()]));
  expect([...names].filter((name) => name.startsWith("x-stainless-")).length).toBeGreaterThan(7);
  const { headers } = await api.send("OPTIONS", "/v1/chat/completions", {
    headers: {
      Origin: allowedOrigin,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": [...names].join(","),
    },
  });
  const allowed = headers.get("Access-Control-Allow-Headers")?.toLowerCase().split(",");
  expect([...names].filter((name) => !allowed?.includes(name))).toEqual([]);
});

const strangers = [
  "http://evil.example",
  "https://app.example",
  "http://app.example.evil.example",
  "http://app.example:8080",
  "http://sub.app.example",
  "http://APP.example",
  "null",
  "*",
  "",
];

test.each(strangers)("the origin %j gets no CORS headers", async (origin) => {
  const answer = await preflight(origin);
  expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
  const Authorization = `Bearer ${await mintToken({ sub: newUser().userId })}`;
  const simple = await api.send("GET", "/rooms", { headers: { Origin: origin, Authorization } });
  expect(simple.status).toBe(200);
  for (const { headers } of [answer, simple]) {
    expect([...headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    expect(headers.get("Vary")).toContain("Origin");
  }
});

test("an allowed origin may read answers and errors, and the listed headers", async () => {
  for (const path of ["/rooms", "/nothing", "/health"]) {
    const { headers } = await api.send("GET", path, { headers: { Origin: allowedOrigin } });
    expect(headers.get("Access-Control-Allow-Origin"), path).toBe(allowedOrigin);
    for (const name of ["X-Request-Id", "WWW-Authenticate", "Retry-After", "Idempotency-Replayed"]) {
      expect(headers.get("Access-Control-Expose-Headers"), path).toContain(name);
    }
    expect(headers.get("Vary"), path).toContain("Origin");
  }
});

describe("a wildcard", () => {
  const wild = createTestApi({
    settings: { CORS_ALLOWED_ORIGINS: "https://*.pages.example, http://*.local.example:8080" },
  });
  const allowedFor = async (Origin: string) =>
    (await wild.send("GET", "/health", { headers: { Origin } })).headers.get("Access-Control-Allow-Origin");

  test.each(["https://preview-1.pages.example", "https://x.pages.example", "http://a.local.example:8080"])(
    "allows %s",
    async (origin) => {
      expect(await allowedFor(origin)).toBe(origin);
    },
  );

  test.each([
    "https://pages.example",
    "https://.pages.example",
    "https://a.b.pages.example",
    "http://x.pages.example",
    "https://x.pages.example:8443",
    "https://x.pages.example.evil.example",
    "https://evil.example/.pages.example",
    "https://evil.example?.pages.example",
    "https://evil.example#.pages.example",
    "https://user@x.pages.example",
    "https://*.pages.example",
    "https://X.pages.example",
    "http://a.local.example",
  ])("does not allow %s", async (origin) => {
    expect(await allowedFor(origin)).toBeNull();
  });
});

test("without configured origins no origin gets CORS headers", async () => {
  const closed = createTestApi({ settings: { CORS_ALLOWED_ORIGINS: "" } });
  const { headers } = await closed.send("GET", "/health", { headers: { Origin: allowedOrigin } });
  expect(headers.get("Access-Control-Allow-Origin")).toBeNull();
});
