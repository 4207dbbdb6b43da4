import { describe, expect, test } from "vitest";
import {
  type Answer,
  createAgent,
  createRoom,
  createSession,
  createTestApi,
  mintToken,
  newUser,
  type TestUser,
} from "../support/api.ts";
import { fillPath, listOperations, type Operation } from "../support/operations.ts";
import { seedTurn } from "../support/transcript.ts";

// Generated from the document, in which every route is (test/routes/reference.test.ts): none can escape it.
const api = createTestApi();
const operations = await listOperations(api);
const secured = operations.filter(({ isOpen }) => !isOpen);
const ofSomething = secured.filter(({ parameters }) => parameters.length > 0);

/** What a path can name, all of it one user's. */
async function seedTenant(user: TestUser): Promise<Record<string, string>> {
  const room = await createRoom(api, user);
  const agent = await createAgent(api, user, room.id, { agent_key: `key-of-${user.userId.slice(-12)}` });
  const session = await createSession(api, user, room.id);
  const { turnId } = await seedTurn(session.id, [{ role: "user" }, { agentKey: agent.agent_key }]);
  return { room_id: room.id, agent_key: agent.agent_key, session_id: session.id, turn_id: turnId };
}

function nameNothing(): Record<string, string> {
  const ids = ["room_id", "session_id", "turn_id"].map((name) => [name, crypto.randomUUID()]);
  return { ...Object.fromEntries(ids), agent_key: "nobody" };
}

async function call(operation: Operation, path: string, token: string | null): Promise<Answer> {
  return api.send(operation.method, path, {
    headers: {
      "X-Request-Id": "the-same-for-all",
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(operation.body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(operation.body === undefined ? {} : { body: JSON.stringify(operation.body) }),
  });
}

const tokenOf = (user: TestUser) => mintToken({ sub: user.userId });
const everything = ({ status, text, headers }: Answer) => ({
  status,
  text,
  headers: [...headers].toSorted(),
});

/** All that the tenant's owner can read of it. */
async function readAll(owner: TestUser, ids: Record<string, string>): Promise<string[]> {
  const paths = [
    `/rooms/${ids.room_id}`,
    `/rooms/${ids.room_id}/agents`,
    `/rooms/${ids.room_id}/sessions`,
    `/sessions/${ids.session_id}/messages`,
  ];
  const answers = await Promise.all(paths.map((path) => api.as(owner).get(path)));
  return answers.map(({ text }) => text);
}

test("exactly these routes answer without a token", () => {
  expect(operations.filter(({ isOpen }) => isOpen).map(({ name }) => name)).toEqual([
    "GET /api/v1/health",
    "GET /api/v1/health/ready",
    "GET /api/v1/openapi.json",
    "GET /api/v1/docs",
  ]);
});

test.each(operations.filter(({ isOpen }) => isOpen))("$name answers anyone", async (operation) => {
  expect((await call(operation, operation.path, null)).status).toBe(200);
});

test.each(secured)("$name lets its owner in", async (operation) => {
  const owner = newUser();
  const ids = await seedTenant(owner);
  const { status } = await call(operation, fillPath(operation, ids), await tokenOf(owner));
  expect([401, 403, 404, 405, 415]).not.toContain(status);
  expect(status).toBeLessThan(500);
});

describe.each(secured)("$name, without a token that holds", (operation) => {
  test("answers 401, alike for what exists and what does not", async () => {
    const owner = newUser();
    const ids = await seedTenant(owner);
    const past = Math.floor(Date.now() / 1_000) - 60;
    const tokens = {
      none: null,
      expired: await mintToken({ sub: owner.userId, exp: past }),
      forged: await mintToken({ sub: owner.userId }, "another-secret-0123456789abcdef0123456789"),
    };
    for (const [kind, token] of Object.entries(tokens)) {
      const answer = await call(operation, fillPath(operation, ids), token);
      expect(answer, kind).toMatchObject({ status: 401, body: { code: "unauthorized" } });
      expect(answer.headers.get("WWW-Authenticate"), kind).toBe("Bearer");
      const ofNothing = await call(operation, fillPath(operation, nameNothing()), token);
      expect(everything(answer), kind).toEqual(everything(ofNothing));
    }
  });
});

describe.each(ofSomething)("$name, asked by a stranger", (operation) => {
  test("is 404, byte for byte the same as for what never was, and changes nothing", async () => {
    const [owner, stranger] = [newUser(), newUser()];
    const [theirs, own] = [await seedTenant(owner), await seedTenant(stranger)];
    const before = await readAll(owner, theirs);
    const token = await tokenOf(stranger);

    const answer = await call(operation, fillPath(operation, theirs), token);
    expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
    const ofNothing = await call(operation, fillPath(operation, nameNothing()), token);
    expect(everything(answer)).toEqual(everything(ofNothing));

    // A parent of one's own opens no way to another's child.
    const [child = "", ...parents] = operation.parameters.toReversed();
    if (parents.length > 0) {
      const mixed = await call(
        operation,
        fillPath(operation, { ...own, [child]: theirs[child] ?? "" }),
        token,
      );
      expect(everything(mixed)).toEqual(everything(ofNothing));
    }
    expect(await readAll(owner, theirs)).toEqual(before);
  });
});

test.each(secured.filter(({ method, parameters }) => method === "GET" && parameters.length === 0))(
  "$name shows a stranger nothing of others",
  async (operation) => {
    const [owner, stranger] = [newUser(), newUser()];
    const ids = Object.values(await seedTenant(owner));
    const answer = await call(operation, operation.path, await tokenOf(stranger));
    expect(answer.status).toBe(200);
    for (const secret of [...ids, owner.userId]) expect(answer.text).not.toContain(secret);
  },
);
