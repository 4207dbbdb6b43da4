import { describe, expect, test } from "vitest";
import { createTestApi, type Json, mintToken, newUser, type TestApi } from "../support/api.ts";
import { fillBody, fillPath, listOperations } from "../support/operations.ts";
import { walkPages } from "../support/pages.ts";
import { connectSql } from "../support/sql.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";
import { seedTenant } from "../system/abuse/support/tenant.ts";

const api = createTestApi();

async function createKey(user = newUser()): Promise<{ user: ReturnType<typeof newUser>; created: Json }> {
  const { status, body } = await api.as(user).post("/auth/keys", { name: "my laptop" });
  expect(status).toBe(201);
  return { user, created: body };
}

const getMe = (key: string, from: TestApi = api) =>
  from.send("GET", "/auth/me", { headers: { Authorization: `Bearer ${key}` } });

test("a key acts for its user, is shown once, is stored as a hash, and says when it was used", async () => {
  const { user, created } = await createKey();
  expect(created).toEqual({
    id: expect.any(String),
    name: "my laptop",
    key: expect.stringMatching(/^pan_[A-Za-z0-9_-]{43}$/),
    ending: created.key.slice(-4),
    created_at: expect.any(String),
    last_used_at: null,
  });
  const { key, ...shown } = created;
  const client = api.as(user);
  expect((await client.get("/auth/keys")).body.data).toEqual([shown]);
  expect(await getMe(key)).toMatchObject({ status: 200, body: { user_id: user.userId, email: user.email } });
  const [used] = (await client.get("/auth/keys")).body.data;
  expect(Date.parse(used.last_used_at)).toBeGreaterThanOrEqual(Date.parse(created.created_at));

  const [stored] = await connectSql()`select * from api_keys where id = ${created.id}`;
  expect(stored?.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(JSON.stringify(stored)).not.toContain(key.slice(4, -4));
  const [owner] = await connectSql()`select email from users where id = ${user.userId}`;
  expect(owner?.email).toBe(user.email);
});

test("a revoked key is refused at once where it was revoked, and within 30 s elsewhere", async () => {
  const { user, created } = await createKey();
  let elsewhereMs = 0;
  const elsewhere = createTestApi({ deps: { nowMs: () => elsewhereMs } });
  expect((await getMe(created.key)).status).toBe(200);
  expect((await getMe(created.key, elsewhere)).status).toBe(200);
  expect(await api.as(user).delete(`/auth/keys/${created.id}`)).toMatchObject({ status: 204 });
  expect(await api.as(user).delete(`/auth/keys/${created.id}`)).toMatchObject({ status: 404 });
  expect(await getMe(created.key)).toMatchObject({ status: 401, body: { code: "unauthorized" } });
  elsewhereMs = 29_999;
  expect((await getMe(created.key, elsewhere)).status).toBe(200);
  elsewhereMs = 30_000;
  expect((await getMe(created.key, elsewhere)).status).toBe(401);
});

describe("what is no key of anyone", () => {
  const changed = (key: string) => `${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}`;
  test.each<[string, (key: string, created: Json) => string | Promise<string>]>([
    ["a key with another last character", changed],
    ["a key that is cut", (key) => key.slice(0, -1)],
    ["a key with more behind it", (key) => `${key}A`],
    ["a key in capitals", (key) => key.toUpperCase()],
    ["a key without its beginning", (key) => key.slice(4)],
    ["the id of a key", (_key, { id }) => id],
    ["the id of a key with a key's beginning", (_key, { id }) => `pan_${id}`],
    ["the hash of a key", async (key) => api.deps.digest(key)],
    ["a key's beginning alone", () => "pan_"],
    ["a very long one", () => `pan_${"a".repeat(7_000)}`],
    ["SQL", () => "pan_'or'1'='1"],
    ["a token behind a key's beginning", async () => `pan_${await mintToken({ sub: newUser().userId })}`],
  ])("%s is refused", async (_what, forge) => {
    const { created } = await createKey();
    const answer = await getMe(await forge(created.key, created));
    expect(answer).toMatchObject({ status: 401, body: { code: "unauthorized" } });
    expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
    expect((await getMe(created.key)).status).toBe(200);
  });
});

const operations = (await listOperations(api)).filter(
  ({ isOpen, path }) => !isOpen && !path.startsWith("/api/v1/admin/"),
);

test.each(operations)("$name takes a key as it takes a token", async (operation) => {
  const { user, ids } = await seedTenant(`key-${crypto.randomUUID().slice(0, 8)}`);
  const { created } = await createKey(user);
  const { body, method } = operation;
  const { status } = await api.send(method, fillPath(operation, ids), {
    headers: {
      Authorization: `Bearer ${created.key}`,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(fillBody(operation, ids)) }),
  });
  expect([401, 403, 404, 405, 415]).not.toContain(status);
  expect(status).toBeLessThan(500);
});

test("a turn with a known key waits for the database twice; a key is looked up once in 30 s", async () => {
  const fixture = await createTurnFixture();
  await fixture.models.script(says("ada", "Hello."));
  const { body: created } = await fixture.api.as(fixture.owner).post("/auth/keys", { name: "mine" });
  const found: string[] = [];
  const { findApiKey } = fixture.api.deps;
  let clockMs = 0;
  const counted = createTestApi({
    settings: { LLM_BASE_URL: fixture.models.baseUrl },
    deps: {
      nowMs: () => clockMs,
      findApiKey: (hash) => {
        found.push(hash);
        return findApiKey(hash);
      },
    },
  });
  const post = () =>
    counted.send("POST", fixture.turnsPath, {
      headers: { Authorization: `Bearer ${created.key}`, "Content-Type": "application/json" },
      body: JSON.stringify({ message: "@ada hello" }),
    });
  for (const lookups of [1, 1, 1]) {
    const answer = await post();
    expect(answer.status).toBe(201);
    expect(answer.headers.get("Server-Timing")).toContain('db;desc="2"');
    expect(found).toHaveLength(lookups);
  }
  clockMs = 30_000;
  await post();
  expect(found).toHaveLength(2);
});

test("a user has 50 keys at most, however many are asked for at once", async () => {
  const user = newUser();
  const client = api.as(user);
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, n) => client.post("/auth/keys", { name: `key ${n}` })),
  );
  const refused = answers.filter(({ status }) => status !== 201);
  expect(refused).toHaveLength(10);
  for (const answer of refused)
    expect(answer).toMatchObject({ status: 409, body: { code: "too_many_keys" } });
  const pages = await walkPages(client, "/auth/keys", 20);
  expect(pages.map(({ length }) => length)).toEqual([20, 20, 10]);
  expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(50);
});

test.each([{}, { name: "" }, { name: "x".repeat(121) }, { name: "a", key: "pan_mine" }, []])(
  "a key of %j is refused",
  async (body) => {
    expect(await api.as(newUser()).post("/auth/keys", body)).toMatchObject({
      status: 422,
      body: { code: "validation_failed" },
    });
  },
);
