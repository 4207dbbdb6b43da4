import { expect, test } from "vitest";
import { errorCodeNames, errorCodes } from "../../src/domain/errors.ts";
import { agentFailureCodes } from "../../src/domain/turn/agent-failure.ts";
import { createTestApi, type Json } from "../support/api.ts";

const api = createTestApi();
const document: Json = (await api.send("GET", "/openapi.json")).body;
const page = (await api.send("GET", "/docs")).text;

test("the document is OpenAPI 3.1 and describes the authentication", () => {
  expect(document).toMatchObject({
    openapi: "3.1.0",
    info: { title: "Pantheon", version: expect.any(String) },
    servers: [{ url: "/" }],
    components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
  });
});

test("every reference in the document resolves", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(20);
  for (const [, name = ""] of references) expect(document.components.schemas).toHaveProperty([name]);
});

test("operations have their own names, a known tag, and declare their path parameters", () => {
  const operations = listOperations();
  expect(new Set(operations.map(({ declared }) => declared.operationId)).size).toBe(operations.length);
  const tags = document.tags.map(({ name }: Json) => name);
  for (const { path, declared } of operations) {
    expect(tags).toEqual(expect.arrayContaining(declared.tags));
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const inPath = (declared.parameters ?? []).filter((parameter: Json) => parameter.in === "path");
    expect(inPath.map((parameter: Json) => parameter.name).toSorted()).toEqual(named.toSorted());
  }
});

test("operations with a token declare its errors, and operations with a body declare the body's errors", () => {
  for (const { path, declared } of listOperations()) {
    const described = JSON.stringify(declared.responses);
    expect(described, path).toContain("`internal_error`");
    if (declared.security.length > 0) expect(described, path).toContain("`unauthorized`");
    if (path.includes("{")) expect(described, path).toContain("`not_found`");
    if (declared.requestBody === undefined) continue;
    const isJson = declared.requestBody.content["application/json"] !== undefined;
    const codes = ["payload_too_large", "validation_failed", ...(isJson ? ["malformed_json"] : [])];
    for (const code of codes) {
      expect(described, path).toContain(`\`${code}\``);
    }
  }
});

test("operations that run a turn accept an Idempotency-Key and return timings", () => {
  const runs = listOperations().filter(
    ({ declared }) => declared.responses[201]?.headers?.["Server-Timing"] !== undefined,
  );
  expect(runs.map(({ path }) => path.split("/").at(-1))).toEqual(["turns", "retry"]);
  for (const { declared } of runs) {
    const header = { in: "header", name: "Idempotency-Key", required: false };
    expect(declared.parameters).toContainEqual(expect.objectContaining(header));
    const names = Object.keys(declared.responses[201].headers);
    expect(names).toEqual(["Server-Timing", "Idempotency-Replayed", "X-Request-Id"]);
    for (const status of [409, 429]) {
      expect(Object.keys(declared.responses[status].headers)).toEqual(["X-Request-Id", "Retry-After"]);
    }
  }
});

test("the page loads nothing else, and its policy forbids it", async () => {
  const { headers } = await api.send("GET", "/docs");
  expect(headers.get("Content-Type")).toMatch(/^text\/html; charset=utf-8$/i);
  expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'; style-src 'unsafe-inline'");
  expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(page).not.toMatch(/<script|<img|<link|@import|url\(|src=|\son\w+=/i);
  expect(page).toContain('<meta name="viewport"');
});

test("the page has a place for every error and leads to the interactive reference", () => {
  for (const code of errorCodeNames) {
    expect(page.includes(`<tr id="error-${code}">`), code).toBe(true);
    expect(page.includes(errorCodes[code].title.replaceAll("'", "&#39;")), code).toBe(true);
  }
  for (const code of agentFailureCodes) expect(page, code).toContain(`id="failure-${code}"`);
  expect(page).toContain('href="/reference/"');
});

test("the type of a problem is an anchor of the page", async () => {
  const { body } = await api.send("GET", "/rooms");
  expect(body.type).toBe("/api/v1/docs#error-unauthorized");
});

function listOperations(): { method: string; path: string; declared: Json }[] {
  return Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, declared]) => ({ method, path, declared })),
  );
}
