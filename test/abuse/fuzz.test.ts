import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type ErrorCode, errorCodes } from "../../src/domain/errors.ts";
import {
  type Answer,
  createAgent,
  createRoom,
  createSession,
  createTestApi,
  type Json,
  mintToken,
  newUser,
} from "../support/api.ts";
import { fillPath, listOperations, type Operation } from "../support/operations.ts";
import { seedTurn } from "../support/transcript.ts";

// All together at least 5,000 requests. fast-check prints the seed of a run that fails.
const api = createTestApi();
const operations = await listOperations(api);
const requestsEach = Math.ceil(5_000 / operations.length);

const odd = fc.constantFrom(
  "",
  " ",
  "\u0000",
  "a\ud800",
  "__proto__",
  "@scout",
  "💥".repeat(50),
  "x".repeat(9_000),
);
const words = fc.oneof(fc.string({ unit: "binary" }), fc.string(), odd);
const junk = fc.oneof(words, fc.jsonValue(), fc.double(), fc.constant(null));

/** Something that a schema asks for, or nearly. */
function fieldOf(schema: Json): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.oneof(fc.constantFrom(...schema.enum), words);
  switch ([schema.type].flat()[0]) {
    case "string":
      return fc.oneof(
        fc.string({ minLength: 1, maxLength: 20 }),
        fc.constantFrom("llama", "@scout hi"),
        words,
      );
    case "integer":
      return fc.oneof(fc.integer({ min: 0, max: 20 }), fc.maxSafeInteger(), fc.double());
    case "array":
      return fc.array(fc.oneof(fc.constantFrom("search", "scout"), words), { maxLength: 5 });
    default:
      return junk;
  }
}

function bodyOf({ bodySchema, body }: Operation): fc.Arbitrary<string | undefined> {
  if (bodySchema === undefined) return fc.constant(undefined);
  const fields = Object.entries<Json>(bodySchema.properties ?? {}).map(([name, schema]) => [
    name,
    fc.oneof({ weight: 5, arbitrary: fieldOf(schema) }, { weight: 1, arbitrary: junk }),
  ]);
  const whole = fc.record(Object.fromEntries(fields), { requiredKeys: bodySchema.required ?? [] });
  const asJson = fc.oneof(
    { weight: 6, arbitrary: whole },
    { weight: 2, arbitrary: fc.record({ some: whole, more: fc.dictionary(words, junk) }).map(mix) },
    { weight: 1, arbitrary: fc.constant(body) },
    { weight: 1, arbitrary: junk },
  );
  return fc.oneof({ weight: 9, arbitrary: asJson.map((value) => JSON.stringify(value)) }, words);
}

const mix = ({ some, more }: { some: object; more: object }) => ({ ...some, ...more });

function pathOf(operation: Operation, ids: Readonly<Record<string, string>>): fc.Arbitrary<string> {
  const values = operation.parameters.map((name) => [
    name,
    fc.oneof(
      { weight: 8, arbitrary: fc.constant(ids[name] ?? "") },
      { weight: 1, arbitrary: fc.uuid() },
      { weight: 1, arbitrary: words.map((word) => encodeURIComponent(word.toWellFormed()) || "%20") },
    ),
  ]);
  const pairs = fc.dictionary(fc.constantFrom("limit", "after", "include", "x"), fc.oneof(fc.uuid(), words), {
    maxKeys: 2,
  });
  return fc
    .record({ values: fc.record<Record<string, string>>(Object.fromEntries(values)), pairs })
    .map((given) => `${fillPath(operation, given.values)}?${new URLSearchParams(given.pairs)}`);
}

const headersOf = fc.record(
  {
    "Content-Type": fc.oneof(
      { weight: 8, arbitrary: fc.constant("application/json") },
      fc.constantFrom("text/plain", "application/json; charset", "*/*", ";", "multipart/form-data"),
    ),
    "Idempotency-Key": fc.string({ maxLength: 300 }).map((key) => key.trim()),
    "X-Request-Id": fc.string({ maxLength: 200 }).map((key) => key.trim()),
    Accept: fc.constantFrom("application/json", "*/*", "nonsense"),
  },
  { requiredKeys: ["Content-Type"] },
);

function judge(answer: Answer): void {
  expect(answer.status).toBeLessThan(500);
  expect(answer.headers.get("X-Request-Id")).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
  if (answer.status < 400) return;
  expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  const code: ErrorCode = answer.body.code;
  expect(errorCodes).toHaveProperty([code]);
  expect(answer.status).toBe(errorCodes[code].status);
}

test.concurrent.each(operations)(
  "$name never fails, whatever it is sent",
  { timeout: 120_000 },
  async (operation) => {
    const owner = newUser();
    const Authorization = `Bearer ${await mintToken({ sub: owner.userId })}`;
    const room = await createRoom(api, owner, { current_mode: "tag" });
    const session = await createSession(api, owner, room.id);
    await createAgent(api, owner, room.id, { agent_key: "scout" });
    const { turnId } = await seedTurn(session.id, [{ role: "user" }]);
    const ids = { room_id: room.id, session_id: session.id, agent_key: "scout", turn_id: turnId };
    const request = fc.record({ path: pathOf(operation, ids), body: bodyOf(operation), headers: headersOf });
    await fc.assert(
      fc.asyncProperty(request, async ({ path, body, headers }) => {
        const sent = body === undefined || operation.method === "GET" ? {} : { body };
        judge(await api.send(operation.method, path, { headers: { ...headers, Authorization }, ...sent }));
      }),
      { numRuns: requestsEach },
    );
  },
);
