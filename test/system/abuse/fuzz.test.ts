import * as fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import { type Answer, createTestApi, mintOperatorToken, mintToken } from "../../support/api.ts";
import { listOperations, type Operation, readRefusal } from "../../support/operations.ts";
import { checkAnswer, checkCode } from "./support/check-answer.ts";
import { headerText, oddText } from "./support/odd-values.ts";
import { type FuzzedRequest, pathOf, requestsFor } from "./support/requests.ts";
import { createTally } from "./support/tally.ts";
import { seedTenant, type Tenant } from "./support/tenant.ts";

// Requests made from the document's own schemas. TEST_SEED replays a run, ABUSE_REQUESTS says how many.
const { requests } = inject("abuse");
const seed = inject("seed");
const api = createTestApi();
const operations = await listOperations(api);
const requestsEach = Math.ceil(requests / operations.length);
const tally = createTally();

afterAll(() => {
  if (!inject("abuse").isLong) return;
  console.log(`${tally.describe()}\n\n${tally.total()} fuzzed requests, TEST_SEED=${seed}`);
});

/** Whether the tenant is no longer what a request needs. */
const isSpent = ({ method, path }: Operation, { status }: Answer) =>
  status < 300 && (method === "DELETE" || (method === "POST" && /\/(retry|agents)$/.test(path)));

/** A tenant serves so many requests: what they leave behind is part of the trial, but must not fill it up. */
const requestsPerTenant = 25;

const text = new TextDecoder();

/** The body with the tenant's room in the place of the document's example. */
function nameRoom({ body: sample }: Operation, body: Uint8Array<ArrayBuffer>, { ids }: Tenant): BodyInit {
  const { model } = Object(sample);
  return model === undefined ? body : text.decode(body).replace(`"${model}"`, `"room:${ids.room_id}"`);
}

function createSender(operation: Operation) {
  const stranger = seedTenant("scout");
  let own = seedTenant("scout");
  let sent = 0;
  return async (request: FuzzedRequest): Promise<Answer> => {
    const tenant = await own;
    const path = pathOf(operation, request, tenant, await stranger);
    const Authorization = `Bearer ${await mintOperatorToken(tenant.user.userId)}`;
    const body = request.body === undefined ? {} : { body: nameRoom(operation, request.body, tenant) };
    const headers = { ...request.headers, Authorization };
    const answer = await api.send(operation.method, path, { headers, ...body });
    sent += 1;
    if (isSpent(operation, answer) || sent % requestsPerTenant === 0) own = seedTenant("scout");
    return answer;
  };
}

async function tryOperation(operation: Operation): Promise<void> {
  const send = createSender(operation);
  await fc.assert(
    fc.asyncProperty(requestsFor(operation), async (request) => {
      const answer = await send(request);
      tally.add(
        operation.name,
        answer.status,
        answer.status < 400 ? undefined : readRefusal(answer).body.code,
      );
      checkAnswer(answer, operation);
    }),
    // Seeds of their own: else each route would be tried with the same headers in the same order.
    { seed: seed + operations.indexOf(operation), numRuns: requestsEach, endOnFailure: true },
  );
  // A trial in which everything is refused at the door would prove little. A conflict is not: what is stored decides it.
  const taken = tally.count(operation.name, (status) => status < 300 || status === 409);
  expect(taken, `of ${requestsEach} requests`).toBeGreaterThan(0);
}

const named = "$name never fails, whatever it is sent";
// Readiness has two seconds: it is not asked while everybody else asks.
test.each(operations.filter(({ isOpen }) => isOpen))(named, { timeout: 600_000 }, tryOperation);
test.concurrent.each(operations.filter(({ isOpen }) => !isOpen))(named, { timeout: 600_000 }, tryOperation);

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND", "TRACE"];

test("any path that is no route is 404 or 401", async () => {
  const token = await mintToken({ sub: "somebody" });
  const part = fc.oneof(
    fc.constantFrom("api", "v1", "rooms", "sessions", "turns", "docs", "health", "ready", "..", ".", ""),
    oddText.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 3_000)),
    fc.uuid(),
    fc.constantFrom("%", "%zz", "%c0%80", "%ff", ";x=1", "*", "{room_id}", ":room_id", "#", "?a=%"),
  );
  const request = fc.record({
    path: fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`),
    method: fc.constantFrom(...methods),
    authorization: fc.constantFrom(undefined, `Bearer ${token}`, "Bearer x"),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ path, method, authorization }) => {
      const headers = authorization === undefined ? {} : { Authorization: authorization };
      const response = await api.app.request(`http://pantheon.example${path}`, { method, headers });
      const text = await response.text();
      tally.add("(any path)", response.status, undefined);
      expect(response.status, path).toBeLessThan(500);
      if (response.status < 400 || method === "HEAD") return;
      const { error, code } = JSON.parse(text);
      checkCode(error?.code ?? code, response.status, `${method} ${path}`);
      const isOpenAi = /^\/v1(\/|$)/.test(new URL(`http://pantheon.example${path}`).pathname);
      const type = isOpenAi ? /^application\/(problem\+)?json$/ : /^application\/problem\+json$/;
      expect(response.headers.get("Content-Type")).toMatch(type);
    }),
    { seed, numRuns: requestsEach, endOnFailure: true },
  );
});

test("any invalid Authorization header is 401, never an error of the server", async () => {
  const token = await mintToken({ sub: "somebody" });
  const altered = fc
    .record({ at: fc.nat(token.length - 2), code: fc.integer({ min: 0x21, max: 0x7e }) })
    .map(({ at, code }) => `${token.slice(0, at)}${String.fromCharCode(code)}${token.slice(at + 1)}`)
    .filter((altered) => altered !== token);
  const cut = fc.nat(token.length - 1).map((length) => token.slice(0, length));
  const anything = fc.oneof(
    fc.oneof(altered, cut, headerText(9_000)).map((credentials) => `Bearer ${credentials}`),
    headerText(200),
    fc.constantFrom(
      `${token}`,
      `Basic ${token}`,
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
    ),
  );
  await fc.assert(
    fc.asyncProperty(anything, fc.constantFrom(...operations), async (authorization, operation) => {
      if (operation.isOpen) return;
      const headers = { Authorization: authorization };
      const path = operation.path.replaceAll(/[{}]/g, "");
      const answer = readRefusal(await api.send(operation.method, path, { headers }));
      tally.add("(any Authorization)", answer.status, answer.body.code);
      expect(answer, operation.name).toMatchObject({ status: 401, body: { code: "unauthorized" } });
      expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
    }),
    { seed, numRuns: requestsEach, endOnFailure: true },
  );
});

test("the log has no error of the server, and all requests were sent", () => {
  expect(api.lines.filter(({ level }) => level === "error")).toEqual([]);
  expect(tally.total()).toBeGreaterThanOrEqual(requests);
});
