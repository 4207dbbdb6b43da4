import { describe, expect, test } from "vitest";
import {
  createRoom,
  createSession,
  createTestApi,
  mintOperatorToken,
  newUser,
  type TestUser,
} from "../support/api.ts";
import { walkPages } from "../support/pages.ts";
import { connectSql } from "../support/sql.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

const api = createTestApi();
const sql = connectSql();
const operator = newUser();

/** Calls as an operator. */
async function admin(method: string, path: string, body?: unknown, key?: string) {
  return api.send(method, `/admin${path}`, {
    headers: {
      Authorization: `Bearer ${await mintOperatorToken(operator.userId)}`,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(key === undefined ? {} : { "Idempotency-Key": key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const grant = (user: TestUser, amount: string, key: string = crypto.randomUUID(), note?: string) =>
  admin("POST", `/users/${user.userId}/grants`, { amount, ...(note === undefined ? {} : { note }) }, key);

async function knownUser(): Promise<TestUser> {
  const user = newUser();
  await api.as(user).get("/auth/me");
  return user;
}

const usage = { prompt_tokens: 1_000, completion_tokens: 650 };

describe("a wallet", () => {
  test("is null until the first grant, and counts what was spent before it", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "hi", usage }));
    await fixture.post("@ada hello");
    expect((await api.as(fixture.owner).get("/wallet")).body).toEqual({ balance: null });

    const granted = await grant(fixture.owner, "2.5", "first", "welcome");

    const wallet = { balance: "2.40000000", granted: "2.50000000", spent: "0.10000000", held: "0.00000000" };
    expect(granted).toMatchObject({ status: 201, body: { amount: "2.50000000", note: "welcome", wallet } });
    expect((await api.as(fixture.owner).get("/wallet")).body).toEqual(wallet);
    expect((await admin("GET", `/users/${fixture.owner.userId}/wallet`)).body).toEqual(wallet);
    const { body: turn } = await fixture.post("@ada again");
    expect(turn.credits).toEqual({ spent: "0.10000000", granted: "2.40000000", wallet_left: "2.30000000" });
    expect((await fixture.read(turn.id)).body.credits).toEqual(turn.credits);
    const { data } = (await api.as(fixture.owner).get("/wallet/transactions")).body;
    expect(data).toMatchObject([
      { kind: "turn", amount: "-0.10000000", turn_id: turn.id, session_id: fixture.sessionId },
      { kind: "grant", amount: "2.50000000", note: "welcome" },
      { kind: "turn", amount: "-0.10000000" },
    ]);
    expect(await walkPages(api.as(fixture.owner), "/wallet/transactions", 1)).toEqual(
      data.map((row: unknown) => [row]),
    );
  });

  test("is raised once by a key, however often it is sent; another amount under it is refused", async () => {
    const user = await knownUser();
    const answers = await Promise.all(Array.from({ length: 50 }, () => grant(user, "3", "key")));
    expect(new Set(answers.map(({ status, body }) => [status, body.id].join()))).toHaveLength(1);
    expect(answers.filter(({ headers }) => headers.get("Idempotency-Replayed") === null)).toHaveLength(1);
    expect(await grant(user, "4", "key")).toMatchObject({
      status: 422,
      body: { code: "idempotency_key_reused" },
    });
    expect((await api.as(user).get("/wallet")).body).toMatchObject({ granted: "3.00000000" });
    await grant(user, "0.00000001", "other");
    expect((await api.as(user).get("/wallet")).body).toMatchObject({ balance: "3.00000001" });
  });

  test.each(["0", "-1", "1e3", "1000000.00000001", "1.000000001", "", "NaN"])(
    "takes no grant of %j",
    async (amount) => {
      const user = await knownUser();
      expect(await grant(user, amount)).toMatchObject({ status: 422, body: { code: "validation_failed" } });
      expect((await api.as(user).get("/wallet")).body).toEqual({ balance: null });
    },
  );

  test("takes a grant only with a key, and for a user who is known", async () => {
    const user = await knownUser();
    const path = `/users/${user.userId}/grants`;
    expect(await admin("POST", path, { amount: "1" })).toMatchObject({
      status: 400,
      body: { code: "invalid_idempotency_key" },
    });
    expect(await grant(newUser(), "1")).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect(await admin("GET", `/users/${newUser().userId}/wallet`)).toMatchObject({ status: 404 });
  });
});

describe("a budget", () => {
  test("is set, lowered and ended by the owner of the room or session", async () => {
    const user = newUser();
    const room = await createRoom(api, user);
    const session = await createSession(api, user, room.id);
    for (const [scope, id] of [
      ["room", room.id],
      ["session", session.id],
    ]) {
      const path = `/${scope}s/${id}/budget`;
      const set = await api.as(user).put(path, { period: "day", limit_credits: "1.5" });
      expect(set).toMatchObject({
        status: 200,
        body: {
          scope,
          scope_id: id,
          period: "day",
          limit_credits: "1.50000000",
          spent: "0.00000000",
          held: "0.00000000",
        },
      });
      expect((await api.as(user).put(path, { period: "day", limit_credits: "0" })).body.id).toBe(set.body.id);
      expect((await api.as(user).delete(`${path}?period=day`)).body).toMatchObject({
        id: set.body.id,
        limit_credits: null,
      });
    }
    const { data } = (await api.as(user).get("/budgets")).body;
    expect(data.map(({ scope }: { scope: string }) => scope).toSorted()).toEqual(["room", "session"]);
    expect((await walkPages(api.as(user), "/budgets", 1)).flat()).toEqual(data);
  });

  test("that an operator set can only be lowered by its owner", async () => {
    const user = newUser();
    const room = await createRoom(api, user);
    const path = `/rooms/${room.id}/budget`;
    await api.as(user).put(path, { period: "ever", limit_credits: "5" });
    await sql`update budgets set set_by_operator = true where room_id = ${room.id}`;
    const refused = { status: 409, body: { code: "budget_set_by_operator" } };
    expect(await api.as(user).put(path, { period: "ever", limit_credits: "6" })).toMatchObject(refused);
    expect(await api.as(user).delete(path)).toMatchObject(refused);
    expect(await api.as(user).put(path, { period: "ever", limit_credits: "4" })).toMatchObject({
      status: 200,
    });
  });

  test("of a user is the operator's to set, by day or month; the wallet is changed by grants alone", async () => {
    const user = await knownUser();
    const path = `/users/${user.userId}/budget`;
    expect(await admin("PUT", path, { period: "ever", limit_credits: "5" })).toMatchObject({ status: 422 });
    expect(await admin("PUT", path, { period: "month", limit_credits: "5" })).toMatchObject({
      status: 200,
      body: { scope: "user", set_by_operator: true, limit_credits: "5.00000000" },
    });
    expect(
      await admin("PUT", `/users/${newUser().userId}/budget`, { period: "day", limit_credits: "5" }),
    ).toMatchObject({ status: 404 });
  });
});

test("every act of an operator is on record, and no act of other users", async () => {
  const user = await knownUser();
  await grant(user, "7", "once");
  await grant(user, "7", "once");
  await admin("PUT", `/users/${user.userId}/budget`, { period: "day", limit_credits: "5" });
  await admin("PUT", "/users/nobody/budget", { period: "day", limit_credits: "5" });
  const version = `v-${crypto.randomUUID().slice(0, 8)}`;
  const at = new Date(Date.UTC(2100, 0, 1) + Math.floor(Math.random() * 1e12)).toISOString();
  const prices = [{ alias: "llama", multiplier: "0.75" }];
  expect(await admin("POST", "/pricing-versions", { version, effective_at: at, prices })).toMatchObject({
    status: 201,
  });
  const { data } = (await admin("GET", "/events?limit=3")).body;
  expect(data).toMatchObject([
    { actor: operator.userId, kind: "pricing_version", user_id: null, details: { version } },
    {
      actor: operator.userId,
      kind: "budget",
      user_id: user.userId,
      details: { period: "day", limit_credits: "5.00000000" },
    },
    { actor: operator.userId, kind: "grant", user_id: user.userId, details: { amount: "7.00000000" } },
  ]);
  expect((await admin("GET", `/events?limit=1&after=${data[0].id}`)).body.data).toEqual([data[1]]);
});

describe("a pricing version", () => {
  const add = (version: string, effectiveAt: string | undefined, multiplier: string) =>
    admin("POST", "/pricing-versions", {
      version,
      ...(effectiveAt === undefined ? {} : { effective_at: effectiveAt }),
      prices: [{ alias: "llama", multiplier }],
    });

  test("takes effect now or later, has a name of its own, and never changes", async () => {
    const version = `v-${crypto.randomUUID().slice(0, 8)}`;
    expect(await add(version, "2020-01-01T00:00:00Z", "1")).toMatchObject({
      status: 422,
      body: { code: "pricing_version_in_past" },
    });
    const at = new Date(Date.UTC(2100, 0, 1) + Math.floor(Math.random() * 1e12)).toISOString();
    expect(await add(version, at, "1.25")).toMatchObject({
      status: 201,
      body: { version, effective_at: at },
    });
    const taken = { status: 409, body: { code: "pricing_version_taken" } };
    expect(await add(version, undefined, "2")).toMatchObject(taken);
    expect(await add(`${version}-b`, at, "2")).toMatchObject(taken);
    const listed = (await admin("GET", `/pricing-versions?limit=200`)).body.data;
    expect(listed).toContainEqual(
      expect.objectContaining({
        version,
        created_by: operator.userId,
        prices: [expect.objectContaining({ alias: "llama", multiplier: "1.25" })],
      }),
    );
    expect(JSON.stringify(listed)).toContain("2026-02-20");
  });

  test("prices the runs that are opened from then on, and is shown with the models; a run keeps its own", async () => {
    const fixture = await createTurnFixture({
      agents: [{ key: "ada", modelAlias: "llama" }, { key: "bob" }],
      mode: "roundtable",
    });
    await fixture.models.script(says("ada", { text: "hi", usage, hold: "gate" }, 1), {
      answer: { text: "hi", usage },
    });
    const before = fixture.post("hello");
    await fixture.models.wait({ calls: 1 });
    const version = `v-${crypto.randomUUID().slice(0, 8)}`;
    try {
      expect(await add(version, undefined, "3")).toMatchObject({ status: 201 });
      const shown = (await api.as(fixture.owner).get("/models")).body;
      await fixture.models.release("gate");
      const first = (await before).body;
      const second = (await fixture.post("again")).body;
      const rows = async (id: string) =>
        (await fixture.read(id)).body.llm_calls.map((row: { pricing_version: string; credits: string }) => [
          row.pricing_version,
          row.credits,
        ]);

      expect(shown.pricing_version).toBe(version);
      expect(shown.data.find(({ alias }: { alias: string }) => alias === "llama").multiplier).toBe(3);
      expect(await rows(first.id)).toEqual([
        ["2026-02-20", "0.05000000"],
        ["2026-02-20", "0.10000000"],
      ]);
      // The version does not name Bob's model: it keeps the deployment's price, and its version.
      expect(await rows(second.id)).toEqual([
        [version, "0.30000000"],
        ["2026-02-20", "0.10000000"],
      ]);
    } finally {
      await sql`update pricing_versions set effective_at = null where version = ${version}`;
    }
  });

  test("that does not name a model keeps it from use within a budget, and not without one", async () => {
    const fixture = await createTurnFixture();
    const version = `v-${crypto.randomUUID().slice(0, 8)}`;
    try {
      await add(version, undefined, "3");
      expect((await fixture.post("@ada hello")).body.status).toBe("completed");
      await grant(fixture.owner, "5");
      const { body } = await fixture.post("@ada hello");
      expect(body).toMatchObject({ status: "failed", replies: [{ error: { code: "budget_exhausted" } }] });
    } finally {
      await sql`update pricing_versions set effective_at = null where version = ${version}`;
    }
  });
});
