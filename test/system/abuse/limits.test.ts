import { describe, expect, test } from "vitest";
import { type Answer, createTestApi, type Json, mintOperatorToken, mintToken } from "../../support/api.ts";
import { fillBody, fillPath, listOperations, type Operation, readRefusal } from "../../support/operations.ts";
import { seedTenant } from "./support/tenant.ts";

// Every limit that the document states, on both of its sides; those of whole bodies are in bodies.test.ts.
const api = createTestApi();
const operations = await listOperations(api);

type Limit = { operation: Operation; field: string; what: string; inside: unknown; outside: unknown };

/** The limits of one field of a body. */
function limitsOf(operation: Operation, field: string, schema: Json): Limit[] {
  const limit = (what: string, inside: unknown, outside: unknown) => ({
    operation,
    field,
    what,
    inside,
    outside,
  });
  const text = (characters: number) => "x".repeat(characters);
  const types: string[] = [schema.type].flat();
  const good = Object(operation.body)[field] ?? samples[field] ?? sampleOf(schema);
  return [
    ...(schema.maxLength === undefined
      ? []
      : [
          limit(`at most ${schema.maxLength} characters`, text(schema.maxLength), text(schema.maxLength + 1)),
        ]),
    ...(schema.minLength === undefined ? [] : [limit("not blank", " x ", " \u00a0 ")]),
    // What the schema calls text is stored, and Postgres can hold neither.
    ...(schema.minLength === undefined
      ? []
      : [limit("free of NUL", good, "a\u0000b"), limit("free of half characters", good, "a\ud800b")]),
    ...(schema.pattern === undefined
      ? []
      : [limit(schema.pattern, new RegExp(schema.pattern).test(text(64)) ? text(64) : good, text(65))]),
    ...(schema.enum === undefined ? [] : [limit("one of few", schema.enum[0], `${schema.enum[0]}x`)]),
    ...(schema.minimum === undefined
      ? []
      : [limit(`from ${schema.minimum}`, schema.minimum, schema.minimum - 1)]),
    ...(schema.maxItems === undefined
      ? []
      : [
          limit(
            `at most ${schema.maxItems}`,
            listOf(schema.maxItems, [good].flat()[0] ?? "x"),
            listOf(schema.maxItems + 1, [good].flat()[0] ?? "x"),
          ),
        ]),
    ...(types.includes("null") ? [] : [limit("no null", good, null)]),
    ...(types.includes("string") ? [limit("text", good, { x: 1 })] : []),
  ];
}

/** Objects of a list have an alias of their own. */
function listOf(length: number, entry: unknown): unknown[] {
  if (typeof entry !== "object") return Array(length).fill(entry);
  return Array.from({ length }, (_, index) => ({ ...entry, alias: `model-${index}` }));
}

/** Objects that must set something. */
const samples: Readonly<Record<string, unknown>> = {
  orchestration: { max_rounds: 1 },
  max_credits: "2.5",
  limit_credits: "2.5",
  amount: "2.5",
};

/** A user who may call every route. */
const authorize = async (userId: string) => `Bearer ${await mintOperatorToken(userId)}`;

function sampleOf(schema: Json): unknown {
  if (schema.enum !== undefined) return schema.enum[0];
  const [type] = [schema.type].flat();
  // A `$ref` or an `allOf` is always the schema of an object.
  if (type === "object" || schema.$ref !== undefined || schema.allOf !== undefined) return {};
  return type === "array" ? [] : type === "integer" ? 1 : "x";
}

const limits = operations.flatMap((operation) =>
  Object.entries<Json>(operation.bodySchema?.properties ?? {}).flatMap(([field, schema]) =>
    limitsOf(operation, field, schema),
  ),
);

/** What a body's refusal says of a field, undefined where it has nothing against it. */
function refusalOf({ body }: Answer, field: string): string | undefined {
  const errors: { path: string; message: string }[] = body?.errors ?? [];
  return errors.find(({ path }) => path === field || path.startsWith(`${field}.`))?.message;
}

test.each(limits)("$operation.name: $field is $what", async ({ operation, field, inside, outside }) => {
  const { user, ids } = await seedTenant("scout");
  const Authorization = await authorize(user.userId);
  const send = async (value: unknown) =>
    readRefusal(
      await api.send(operation.method, fillPath(operation, ids), {
        headers: { Authorization, "Content-Type": "application/json" },
        body: JSON.stringify({ ...Object(fillBody(operation, ids)), [field]: value }),
      }),
    );
  const refused = await send(outside);
  expect(refused).toMatchObject({ status: 422, body: { code: "validation_failed" } });
  expect(refusalOf(refused, field)).toEqual(expect.any(String));
  const taken = await send(inside);
  expect(taken.status).toBeLessThan(500);
  expect(refusalOf(taken, field)).toBeUndefined();
});

test("the document states the known limits of the product", () => {
  const stated = limits.map(({ operation, field, what }) => `${operation.name} ${field} ${what}`);
  expect(stated).toEqual(
    expect.arrayContaining([
      "POST /api/v1/sessions/{session_id}/turns message at most 32000 characters",
      "POST /api/v1/rooms name at most 200 characters",
      "POST /api/v1/rooms goal at most 4000 characters",
      "POST /api/v1/rooms/{room_id}/agents name at most 120 characters",
      "POST /api/v1/rooms/{room_id}/agents role_prompt at most 8000 characters",
      "POST /api/v1/rooms/{room_id}/agents agent_key ^[A-Za-z0-9_-]{1,64}$",
    ]),
  );
});

const paged = operations.filter(({ queryParameters }) =>
  queryParameters.some(({ name }) => name === "limit"),
);

test.each(paged)("$name has pages of 1 to 200 rows", async (operation) => {
  const { user, ids } = await seedTenant("scout");
  const headers = { Authorization: await authorize(user.userId) };
  const get = (query: string) => api.send("GET", `${fillPath(operation, ids)}?${query}`, { headers });
  for (const limit of ["1", "200", "007"]) expect((await get(`limit=${limit}`)).status, limit).toBe(200);
  for (const limit of [
    "0",
    "201",
    "-1",
    "1.5",
    "1e2",
    "0x1",
    "",
    " 5",
    "5 ",
    "٥",
    "99999999999999999999",
    "NaN",
  ]) {
    const answer = await get(`limit=${encodeURIComponent(limit)}`);
    expect(answer, limit).toMatchObject({ status: 422, body: { code: "validation_failed" } });
    expect(refusalOf(answer, "limit")).toEqual(expect.any(String));
  }
});

describe("limits of headers", () => {
  const withKeys = operations.filter(({ responses }) =>
    responses[400]?.description.includes("invalid_idempotency_key"),
  );

  test.each(withKeys)("$name accepts a key of 1 to 255 ASCII characters only", async (operation) => {
    const { user, ids } = await seedTenant("scout");
    const path = fillPath(operation, ids);
    const Authorization = await authorize(user.userId);
    const send = (key: string) => {
      const headers = { Authorization, "Content-Type": "application/json", "Idempotency-Key": key };
      if (!operation.takesBytes) {
        return api.send("POST", path, { headers, body: JSON.stringify(operation.body) });
      }
      const body = "A note.";
      const length = { "Content-Length": String(body.length) };
      return api.send("POST", `${path}?name=note.txt`, { headers: { ...headers, ...length }, body });
    };
    for (const key of ["k".repeat(256), "", "a\tb"]) {
      expect(await send(key)).toMatchObject({ status: 400, body: { code: "invalid_idempotency_key" } });
    }
    const success = Object.keys(operation.responses).find((status) => status.startsWith("2"));
    expect(String((await send("k".repeat(255))).status)).toBe(success);
  });

  test("a token of 8,192 characters is verified, a longer one is refused", async () => {
    const ask = async (length: number) => {
      const padding = "x".repeat(length);
      const token = await mintToken({ sub: "somebody", padding });
      return {
        length: token.length,
        answer: await api.send("GET", "/models", { headers: { Authorization: `Bearer ${token}` } }),
      };
    };
    const inside = await ask(5_800);
    const outside = await ask(6_000);
    expect(inside.length).toBeLessThanOrEqual(8_192);
    expect(outside.length).toBeGreaterThan(8_192);
    expect(inside.answer.status).toBe(200);
    expect(outside.answer).toMatchObject({ status: 401, body: { code: "unauthorized" } });
  });
});
