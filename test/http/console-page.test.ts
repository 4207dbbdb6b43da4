import { expect, test } from "vitest";
import { createTestApi } from "../support/api.ts";

const page = "<!doctype html><title>Pantheon</title>";
/** Has a page and one file with a hash in its name. */
const consoleFiles = {
  fetch: async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response(page, { headers: { "Content-Type": "text/html" } });
    return pathname === "/icon.svg" ? new Response("<svg/>") : new Response(null, { status: 404 });
  },
};
const apiWith = (settings: Record<string, string> = {}) =>
  createTestApi({ settings, deps: { consoleFiles } });
const get = async (path: string, api = apiWith(), method = "GET") => api.app.request(path, { method });

test.each(["/", "/rooms/019b7e00-0000-7000-8000-00000000d000", "/signed-in?code=c&state=s"])(
  "GET %s is the console's page, whose policy lets no foreign script, style, request or frame in",
  async (path) => {
    const answer = await get(path);
    expect([answer.status, await answer.text()]).toEqual([200, page]);
    const policy = answer.headers.get("Content-Security-Policy")?.split("; ");
    expect(policy).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(answer.headers.get("Referrer-Policy")).toBe("no-referrer");
    expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(answer.headers.get("Cache-Control")).toBe("no-cache");
  },
);

test("the page may ask the OpenID provider, by its origin, and no other server", async () => {
  const api = apiWith({ OIDC_ISSUER: "https://id.example/tenant", OIDC_CLIENT_ID: "console" });
  const policy = (await get("/", api)).headers.get("Content-Security-Policy");
  expect(policy).toContain("connect-src 'self' https://id.example;");
  expect((await api.send("GET", "/console-config")).body).toEqual({
    oidc: {
      issuer: "https://id.example/tenant",
      client_id: "console",
      audience: null,
      scopes: "openid email",
    },
  });
});

test("without a provider people paste a token", async () => {
  expect((await apiWith().send("GET", "/console-config")).body).toEqual({ oidc: null });
});

test("a file that is not there is 404, never the page; one that is there is given", async () => {
  expect((await get("/icon.svg")).status).toBe(200);
  for (const path of ["/assets/index-gone.js", "/reference/gone.css"]) {
    expect((await get(path)).status, path).toBe(404);
  }
});

test.each(["/api", "/api/v1/nothing", "/api/v2/rooms"])(
  "an unknown path of programs, %s, is a problem document",
  async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  },
);

test("an unknown path under /v1 is an error in OpenAI's form", async () => {
  const answer = await get("/v1/models/nothing");
  expect(answer.status).toBe(404);
  expect(answer.headers.get("Content-Type")).toBe("application/json");
});

test("nothing but GET gets the page", async () => {
  expect((await get("/", apiWith(), "POST")).status).toBe(404);
});

test("a console that is not built is one line that says what to run", async () => {
  const fetch = async () => new Response(null, { status: 404 });
  const answer = await get("/", createTestApi({ deps: { consoleFiles: { fetch } } }));
  expect([answer.status, await answer.text()]).toEqual([
    503,
    "The console is not built. Run: npm run console:build\n",
  ]);
});
