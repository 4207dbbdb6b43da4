import { describe, expect, test } from "vitest";
import {
  type Answer,
  createTestApi,
  mintOperatorToken,
  mintToken,
  newUser,
  type TestUser,
} from "../../support/api.ts";
import { fillBody, fillPath, listOperations, type Operation, readRefusal } from "../../support/operations.ts";
import { connectSql } from "../../support/sql.ts";
import { nameNothing, seedTenant, type Tenant } from "./support/tenant.ts";

// Generated from the document, in which every route is (the first two tests): none can escape it.
const api = createTestApi();
const operations = await listOperations(api);
const secured = operations.filter(({ isOpen }) => !isOpen);
const isForOperators = ({ path }: Operation) => path.startsWith("/api/v1/admin/");
const ofOperators = secured.filter(isForOperators);
const ofUsers = secured.filter((operation) => !isForOperators(operation));
const ofSomething = ofUsers.filter(({ resources }) => resources.length > 0);
const lists = ofSomething.filter(({ queryParameters }) =>
  ["after", "limit"].every((cursor) => queryParameters.some(({ name }) => name === cursor)),
);

const newTenant = () => seedTenant(`key-${crypto.randomUUID().slice(0, 8)}`);

/** Calls the operation for these resources. */
async function call(
  operation: Operation,
  ids: Readonly<Record<string, string>>,
  token: string | null,
  query = "",
): Promise<Answer> {
  const answer = await api.send(operation.method, fillPath(operation, ids) + query, {
    headers: {
      "X-Request-Id": "the-same-for-all",
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(operation.body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(operation.body === undefined ? {} : { body: JSON.stringify(fillBody(operation, ids)) }),
  });
  return readRefusal(answer);
}

const tokenOf = (user: TestUser) => mintToken({ sub: user.userId });
/** All of an answer: the request id is the same for all of them. */
const everything = ({ status, text, headers }: Answer) => ({
  status,
  text,
  headers: [...headers].toSorted(),
});

/** All that the tenant's owner can read of it, and what is under way in it. */
async function readAll({ user, ids }: Tenant): Promise<unknown[]> {
  const paths = [
    `/rooms/${ids.room_id}`,
    `/rooms/${ids.room_id}/agents`,
    `/rooms/${ids.room_id}/sessions`,
    `/sessions/${ids.session_id}/messages`,
    `/sessions/${ids.session_id}/turns`,
    "/budgets",
    "/wallet",
    "/wallet/transactions",
  ];
  const answers = await Promise.all(paths.map((path) => api.as(user).get(path)));
  const sql = connectSql();
  const claims = await sql`select * from turn_claims where session_id = ${ids.session_id}`;
  return [...answers.map(({ text }) => text), claims];
}

test("the document has every route of the application, and no others", () => {
  const documented = operations.map(({ method, path }) => `${method} ${path}`);
  const routed = api.app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replaceAll(/:([^/]+)/g, "{$1}")}`);
  expect(documented.toSorted()).toEqual([...new Set(routed)].toSorted());
});

test("a route that is registered for all methods answers only those in the document", async () => {
  const paths = new Set(api.app.routes.flatMap(({ method, path }) => (method === "ALL" ? [path] : [])));
  const token = await tokenOf(newUser());
  let asked = 0;
  for (const pattern of paths) {
    const path = pattern.replaceAll(/:\w+/g, crypto.randomUUID()).replace("*", "anything");
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "PURGE"]) {
      const name = `${method} ${pattern.replaceAll(/:(\w+)/g, "{$1}")}`;
      if (operations.some((operation) => operation.name === name)) continue;
      // The console's page, which has nothing of anybody: test/http/console-page.test.ts.
      if (name === "GET /*") continue;
      const response = await api.app.request(path, { method, headers: { Authorization: `Bearer ${token}` } });
      expect([name, response.status]).toEqual([name, 404]);
      asked += 1;
    }
  }
  expect(asked).toBeGreaterThan(paths.size);
});

test("these routes, and no others, answer without a token", () => {
  expect(operations.filter(({ isOpen }) => isOpen).map(({ name }) => name)).toEqual([
    "GET /api/v1/health",
    "GET /api/v1/health/ready",
    "GET /api/v1/openapi.json",
    "GET /api/v1/docs",
    "GET /api/v1/console-config",
  ]);
});

test.each(operations.filter(({ isOpen }) => isOpen))("$name answers without a token", async (operation) => {
  expect((await call(operation, {}, null)).status).toBe(200);
});

test.each(ofUsers)("$name answers its owner", async (operation) => {
  const { user, ids } = await newTenant();
  const { status } = await call(operation, ids, await tokenOf(user));
  expect([401, 403, 404, 405, 415]).not.toContain(status);
  expect(status).toBeLessThan(500);
});

describe.each(secured)("$name, without a valid token", (operation) => {
  test("is 401, the same for existing and missing resources, and changes nothing", async () => {
    const tenant = await newTenant();
    const { user, ids } = tenant;
    const before = await readAll(tenant);
    const past = Math.floor(Date.now() / 1_000) - 60;
    const tokens = {
      none: null,
      expired: await mintToken({ sub: user.userId, exp: past }),
      forged: await mintToken({ sub: user.userId }, "another-secret-0123456789abcdef0123456789"),
    };
    for (const [kind, token] of Object.entries(tokens)) {
      const answer = await call(operation, ids, token);
      expect(answer, kind).toMatchObject({ status: 401, body: { code: "unauthorized" } });
      expect(answer.headers.get("WWW-Authenticate"), kind).toBe("Bearer");
      const ofNothing = await call(operation, nameNothing(), token);
      expect(everything(answer), kind).toEqual(everything(ofNothing));
    }
    expect(await readAll(tenant)).toEqual(before);
  });
});

describe.each(ofOperators)("$name, of operators", (operation) => {
  test("lets an operator in", async () => {
    const { user, ids } = await newTenant();
    const token = await mintOperatorToken(user.userId);
    const { status } = await call(operation, ids, token);
    expect([401, 403, 404, 405, 415]).not.toContain(status);
    expect(status).toBeLessThan(500);
  });

  test("is 404 for any other user, the same for what exists and what does not, and changes nothing", async () => {
    const tenant = await newTenant();
    const { user, ids } = tenant;
    const before = await readAll(tenant);
    for (const roles of [
      undefined,
      ["admin"],
      "pantheon-admins",
      [["pantheon-admin"]],
      { "pantheon-admin": true },
    ]) {
      const token = await mintToken({ sub: user.userId, ...(roles === undefined ? {} : { roles }) });
      const answer = await call(operation, ids, token);
      expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
      const ofNothing = await call(operation, nameNothing(), token);
      expect(everything(answer)).toEqual(everything(ofNothing));
    }
    expect(await readAll(tenant)).toEqual(before);
  });
});

test.each(ofOperators)(
  "$name goes on record under its operator's name, and only where it changes something",
  async (operation) => {
    const { user, ids } = await newTenant();
    const operator = newUser();
    const send = async (values: Readonly<Record<string, string>>) =>
      api.send(operation.method, fillPath(operation, values), {
        headers: {
          Authorization: `Bearer ${await mintOperatorToken(operator.userId)}`,
          "Idempotency-Key": crypto.randomUUID(),
          ...(operation.body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        ...(operation.body === undefined ? {} : { body: bodyOfItsOwn(operation) }),
      });
    const countEvents = async () => {
      const [row] =
        await connectSql()`select count(*)::int as events from admin_events where actor = ${operator.userId}`;
      return row?.events;
    };

    const { status } = await send(ids);
    const changes = operation.method !== "GET";
    expect([status, await countEvents()]).toEqual([expect.toBeOneOf([200, 201]), changes ? 1 : 0]);
    if (!operation.parameters.includes("user_id")) return;
    expect((await send({ ...ids, user_id: `nobody-${user.userId}` })).status).toBe(404);
    expect(await countEvents()).toBe(changes ? 1 : 0);
  },
);

/** Pricing versions have a name and a time of their own. */
function bodyOfItsOwn({ body }: Operation): string {
  const at = new Date(Date.UTC(2100, 0, 1) + Math.floor(Math.random() * 1e12)).toISOString();
  return JSON.stringify(body)
    .replaceAll("2999-01-01T00:00:00Z", at)
    .replaceAll('"sample"', `"v-${crypto.randomUUID().slice(0, 8)}"`);
}

describe.each(ofSomething)("$name, for another user", (operation) => {
  test("is 404, byte for byte the same as for a missing resource, and changes nothing", async () => {
    const [theirs, own] = [await newTenant(), await newTenant()];
    const before = await readAll(theirs);
    const token = await tokenOf(own.user);

    const answer = await call(operation, theirs.ids, token);
    expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
    const ofNothing = await call(operation, nameNothing(), token);
    expect(everything(answer)).toEqual(everything(ofNothing));

    // A parent of one's own opens no way to another's child.
    const [child = "", ...parents] = operation.resources.toReversed();
    if (parents.length > 0) {
      const mixed = { ...own.ids, [child]: theirs.ids[child] ?? "" };
      expect(everything(await call(operation, mixed, token))).toEqual(everything(ofNothing));
    }
    expect(await readAll(theirs)).toEqual(before);
  });

  test.skipIf(operation.parameters.includes("key_id"))(
    "is 404 for its owner too, byte for byte, once the room is deleted",
    async () => {
      const { user, ids } = await newTenant();
      expect((await api.as(user).delete(`/rooms/${ids.room_id}`)).status).toBe(204);
      const token = await tokenOf(user);
      const answer = await call(operation, ids, token);
      const ofNothing = await call(operation, nameNothing(), token);
      expect(answer.status).toBe(404);
      expect(everything(answer)).toEqual(everything(ofNothing));
    },
  );
});

test.each(lists)("$name refuses another user's row as cursor, like a missing one", async (list) => {
  const [theirs, own] = [await newTenant(), await newTenant()];
  const token = await tokenOf(own.user);
  const sql = connectSql();
  const rows = await sql`
    select id from messages where session_id = ${theirs.ids.session_id}
    union all select id from room_agents where room_id = ${theirs.ids.room_id}`;
  const others = [
    ...rows.map(({ id }) => String(id)),
    ...Object.values(theirs.ids)
      .slice(2)
      .filter((id) => ![theirs.user.userId, theirs.ids.chat_id].includes(id)),
  ];
  const ofNothing = await call(list, own.ids, token, `?after=${crypto.randomUUID()}`);
  expect(ofNothing).toMatchObject({ status: 422, body: { code: "invalid_cursor" } });
  for (const id of others) {
    expect(everything(await call(list, own.ids, token, `?after=${id}`)), id).toEqual(everything(ofNothing));
  }
});

test.each(ofUsers.filter(({ method, parameters }) => method === "GET" && parameters.length === 0))(
  "$name shows another user nothing",
  async (operation) => {
    const { user, ids } = await newTenant();
    const answer = await call(operation, {}, await tokenOf(newUser()));
    expect(answer.status).toBe(200);
    for (const secret of [...Object.values(ids), user.userId]) expect(answer.text).not.toContain(secret);
  },
);
