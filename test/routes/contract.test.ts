import { expect, test } from "vitest";
import { createTestApi, type Json } from "../support/api.ts";
import { readContract } from "../support/contract.ts";

const document: Json = (await createTestApi().send("GET", "/openapi.json")).body;
const operations = Object.entries<Json>(document.paths).flatMap(([path, item]) =>
  Object.entries<Json>(item).map(([method, declared]) => ({ name: `${method} ${path}`, declared })),
);

const resolve = ({ $ref, ...schema }: Json): Json =>
  $ref === undefined ? schema : document.components.schemas[$ref.split("/").at(-1)];

const variantsOf = (schema: Json): Json[] => schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];

function isDescribed(schema: Json): boolean {
  return Boolean(resolve(schema).description) || variantsOf(schema).some(isDescribed);
}

/** The fields of a schema, and of all schemas inside it, that say nothing of themselves. */
function listUndescribed(schema: Json, path: string): string[] {
  const fields = Object.entries<Json>(schema.properties ?? {});
  const inner: [string, Json][] = [
    ...fields.map(([name, field]): [string, Json] => [`${path}.${name}`, field]),
    ...(schema.items ? [[`${path}[]`, schema.items] as [string, Json]] : []),
    ...variantsOf(schema).map((variant, index): [string, Json] => [`${path}|${index}`, variant]),
  ];
  return [
    ...fields.filter(([, field]) => !isDescribed(field)).map(([name]) => `${path}.${name}`),
    ...inner.flatMap(([innerPath, innerSchema]) => listUndescribed(innerSchema, innerPath)),
  ];
}

test("every schema and every field of it has a description", () => {
  const schemas = Object.entries<Json>(document.components.schemas);
  expect(schemas.length).toBeGreaterThan(50);
  expect(schemas.filter(([, { description }]) => !description).map(([name]) => name)).toEqual([]);
  expect(schemas.flatMap(([name, schema]) => listUndescribed(schema, name))).toEqual([]);
});

test("every operation has a name as a person would call it, a summary, a description, and described parameters", () => {
  for (const { name, declared } of operations) {
    expect(declared.operationId, name).toMatch(/^[a-z]+([A-Z][a-z]*)+$/);
    expect(declared.summary, name).toMatch(/^[A-Z].*[^.]$/);
    expect(declared.description, name).toMatch(/\.$/);
    for (const parameter of declared.parameters ?? []) {
      expect(parameter.description ?? parameter.schema.description, `${name} ${parameter.name}`).toBeTruthy();
    }
  }
});

test("answers declare the headers that they have", () => {
  const answers = operations.flatMap(({ name, declared }) =>
    Object.entries<Json>(declared.responses).map(([status, { headers, description, content }]) => ({
      at: `${name} ${status}`,
      status,
      names: Object.keys(headers ?? {}),
      description,
      isStream: content?.["text/event-stream"] !== undefined,
    })),
  );
  for (const { at, status, names, description, isStream } of answers) {
    expect(names, at).toContain("X-Request-Id");
    expect(names.includes("WWW-Authenticate"), at).toBe(status === "401");
    const mayWait = ["turn_conflict", "turn_in_progress", "budget_in_use", "rate_limited"].some((code) =>
      description.includes(code),
    );
    expect(names.includes("Retry-After"), at).toBe(mayWait);
    if (isStream) expect(names, at).toContain("Idempotency-Replayed");
    for (const header of names) expect(document.components.headers[header].description, at).toBeTruthy();
  }
});

test("the Idempotency-Key is declared with its bounds", () => {
  const keys = operations.flatMap(({ declared }) =>
    (declared.parameters ?? []).filter(({ name }: Json) => name === "Idempotency-Key"),
  );
  expect(keys.length).toBeGreaterThan(2);
  for (const { schema } of keys) {
    expect(schema).toMatchObject({ minLength: 1, maxLength: 255, pattern: "^[\\x20-\\x7e]+$" });
  }
});

test("an operation answers success in one media type, but the one whose clients choose in the body", () => {
  for (const { name, declared } of operations) {
    if (name === "post /v1/chat/completions") continue;
    const types = Object.entries<Json>(declared.responses).flatMap(([status, { content }]) =>
      status.startsWith("2") ? Object.keys(content ?? {}) : [],
    );
    expect(new Set(types).size, name).toBeLessThan(2);
  }
});

test("streams declare the schema of their events", () => {
  const streams = operations.flatMap(({ declared }) =>
    Object.values<Json>(declared.responses).flatMap(({ content }) => content?.["text/event-stream"] ?? []),
  );
  expect(streams.length).toBeGreaterThan(1);
  const schemas = new Set(streams.map(({ schema }) => schema.$ref));
  expect([...schemas].toSorted()).toEqual([
    "#/components/schemas/ChatCompletionEvent",
    "#/components/schemas/StreamEvent",
    "#/components/schemas/UiMessagePart",
  ]);
  const { discriminator, oneOf } = document.components.schemas.StreamEvent;
  expect(discriminator.propertyName).toBe("type");
  expect(Object.keys(discriminator.mapping)).toHaveLength(oneOf.length);
});

test("the document explains the four modes", () => {
  for (const text of [document.info.description, document.components.schemas.RoomMode.description]) {
    for (const mode of document.components.schemas.RoomMode.enum) expect(text).toContain(`\`${mode}\``);
    expect(text).toContain("two names of one mode");
  }
});

test("an answer of the tests that is not as the document declares it is found", () => {
  const contract = readContract(document);
  const headers: Record<string, string> = { "X-Request-Id": "a" };
  const answer = { status: 200, type: "application/json", headers, body: "{}" };
  const find = (path: string, changed: Partial<typeof answer> = {}) => {
    const { status, type, headers, body } = { ...answer, ...changed };
    const exchange = {
      method: "GET",
      path,
      status,
      headers: new Headers({ "Content-Type": type, ...headers }),
    };
    return contract(exchange, body).join("\n");
  };
  const page = { data: [], has_more: false, last_id: null };
  const rooms = "/api/v1/rooms";
  const valid = { body: JSON.stringify(page) };
  expect(find(rooms, valid)).toBe("");
  expect(find(rooms, { body: "{}" })).toContain("required property");
  expect(find(rooms, { body: JSON.stringify({ ...page, extra: 1 }) })).toContain('"extra"');
  expect(find(rooms, { ...valid, headers: { "X-Request-Id": "not one" } })).toContain("x-request-id");
  expect(find(rooms, { ...valid, headers: {} })).toContain("x-request-id is missing");
  const replayed = { "X-Request-Id": "a", "Idempotency-Replayed": "true" };
  expect(find(rooms, { ...valid, headers: replayed })).toContain("idempotency-replayed is not declared");
  expect(find(rooms, { ...valid, type: "text/html" })).toContain("text/html is not declared");
  expect(find(rooms, { ...valid, status: 418 })).toContain("the status is not declared");
  const events = "/api/v1/sessions/s/turns/t/events";
  const stream = { type: "text/event-stream", body: 'data: {"type":"RUN_ERROR","message":"x"}\n\n' };
  expect(find(events, stream)).toBe("");
  expect(find(events, { ...stream, body: stream.body.replace("RUN_ERROR", "RUN_BEGUN") })).not.toBe("");
});
