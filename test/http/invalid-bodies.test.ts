import { describe, expect, test } from "vitest";
import { createRoom, createSession, createTestApi, type Json, mintToken, newUser } from "../support/api.ts";

const api = createTestApi();

/** A user with a room and a session, and how they send a body. */
async function prepare() {
  const user = newUser();
  const room = await createRoom(api, user);
  const session = await createSession(api, user, room.id);
  const client = api.as(user);
  const agUi = (messages: unknown, more: object = {}) =>
    client.post(`/sessions/${session.id}/ag-ui`, { threadId: "t", runId: "r", messages, ...more });
  return { user, client, room, session, agUi };
}

const agent = { agent_key: "scout", name: "Scout", model_alias: "llama", role_prompt: "You scout." };
const says = (content: unknown) => [{ id: "m", role: "user", content }];

/** What any refusal is held against: however much is wrong, the answer is small. */
function expectSmall(answer: { status: number; text: string; body: Json }, count: number) {
  expect(answer).toMatchObject({ status: 422, body: { code: "validation_failed", error_count: count } });
  expect(answer.body.errors.length).toBe(Math.min(count, 20));
  expect(answer.text.length).toBeLessThan(16_384);
}

describe("a list that is too long is one error, whatever it contains", () => {
  test("a content of 20,000 numbers", async () => {
    const { agUi } = await prepare();
    const answer = await agUi(says(Array(20_000).fill(1)));
    expectSmall(answer, 1);
    expect(answer.body.errors).toEqual([
      { path: "messages.0.content", message: "must have at most 100 entries" },
    ]);
  });

  test("an order of 20,000 numbers", async () => {
    const { client, room } = await prepare();
    const answer = await client.put(`/rooms/${room.id}/agents/order`, { agent_keys: Array(20_000).fill(1) });
    expectSmall(answer, 1);
    expect(answer.body.errors).toEqual([{ path: "agent_keys", message: "must have at most 12 entries" }]);
  });

  test("20,000 tool permissions, of a new agent as of one that is changed", async () => {
    const { client, room } = await prepare();
    const tool_permissions = Array(20_000).fill(1);
    const path = `/rooms/${room.id}/agents`;
    expect((await client.post(path, agent)).status).toBe(201);
    expectSmall(await client.post(path, { ...agent, tool_permissions }), 1);
    expectSmall(await client.patch(`${path}/scout`, { tool_permissions }), 1);
  });
});

describe("a body of very many entries is not parsed:", () => {
  test.each([
    ["a content of two million numbers", JSON.stringify({ messages: says(Array(2_000_000).fill(1)) })],
    ["130,000 empty messages", JSON.stringify({ messages: Array(130_000).fill({}) })],
    ["30,000 fields", JSON.stringify(Object.fromEntries(Array.from({ length: 30_000 }, (_, n) => [n, n])))],
    ["two million brackets, which are no JSON", "[".repeat(2_000_000)],
  ])("%s", async (_what, body) => {
    const { user, session } = await prepare();
    const headers = {
      Authorization: `Bearer ${await mintToken({ sub: user.userId })}`,
      "Content-Type": "application/json",
    };
    const answer = await api.send("POST", `/sessions/${session.id}/ag-ui`, { headers, body });
    expect(answer).toMatchObject({ status: 413, body: { code: "payload_too_large" } });
    expect(answer.body.detail).toBe("A body may have 25000 entries of objects and lists at most.");
  });

  test("on a route of small bodies", async () => {
    const { client, room } = await prepare();
    const answer = await client.put(`/rooms/${room.id}/agents/order`, { agent_keys: Array(80_000).fill(1) });
    expect(answer).toMatchObject({ status: 413, body: { code: "payload_too_large" } });
  });

  test("where the count begins: commas and brackets in texts are no entries", async () => {
    const { agUi } = await prepare();
    const content = 'a "[{,\\'.repeat(3_000);
    expect(await agUi(says(content))).toMatchObject({ status: 422, body: { code: "no_room_agents" } });
    expectSmall(await agUi(says("[,{".repeat(200_000))), 1);
  });
});

describe("parts that are not read cost no time", () => {
  test("12,000 messages of the wrong form", async () => {
    const { agUi } = await prepare();
    expectSmall(await agUi(Array(12_000).fill({ role: 7 })), 1);
  });

  test("AG-UI messages before the latest 400, and unknown fields", async () => {
    const { agUi } = await prepare();
    const ignored = Array(8_000).fill(1);
    const answer = await agUi([...ignored, ...says("nobody is tagged")], { state: ignored, tools: ignored });
    expect(answer).toMatchObject({ status: 422, body: { code: "no_room_agents" } });
  });

  test("the last user message is the turn's where at most 399 messages follow it", async () => {
    const { agUi } = await prepare();
    const followedBy = (count: number) => [...says("hello"), ...Array(count).fill({ role: "assistant" })];
    expect((await agUi(followedBy(399))).body).toMatchObject({ code: "no_room_agents" });
    expectSmall(await agUi(followedBy(400)), 1);
  });
});

describe("of many errors 20 are listed and all are counted", () => {
  test("unknown fields", async () => {
    const { client } = await prepare();
    const unknown = Object.fromEntries(Array.from({ length: 15_000 }, (_, n) => [`field-${n}`, 1]));
    expectSmall(await client.post("/rooms", { name: "A room", ...unknown }), 15_000);
  });

  test("parts of a message", async () => {
    const { agUi } = await prepare();
    expectSmall(await agUi(says(Array(100).fill({ type: "image" }))), 200);
  });
});

test("the field name and the message of an error are cut", async () => {
  const { client } = await prepare();
  const answer = await client.post("/rooms", { name: "A room", ["é".repeat(100_000)]: 1 });
  expectSmall(answer, 1);
  expect(answer.body.errors[0].path).toBe("é".repeat(200));
});

test("a text of megabytes is refused without being split", async () => {
  const { agUi } = await prepare();
  const answer = await agUi(says("🙂".repeat(1_000_000)));
  expectSmall(answer, 1);
  expect(answer.body.errors[0].message).toBe("must have at most 32000 characters");
});

describe("a text without visible characters is blank:", () => {
  test.each(["\u200b", "\u200b\u2060 \ufeff", "\u3164", "\u00ad\u034f", "\u2800\n", "\u{e0041}"])(
    "%j",
    async (blank) => {
      const { client, session, agUi } = await prepare();
      const refused = { status: 422, body: { code: "validation_failed" } };
      expect(await client.post("/rooms", { name: blank })).toMatchObject(refused);
      expect(await client.post("/rooms", { name: "A room", goal: blank })).toMatchObject(refused);
      expect(await client.post(`/sessions/${session.id}/turns`, { message: blank })).toMatchObject(refused);
      expect(await agUi(says(blank))).toMatchObject(refused);
    },
  );

  test("a text with a single letter is not blank", async () => {
    const { client } = await prepare();
    expect((await client.post("/rooms", { name: "\u200bé\u200b" })).status).toBe(201);
  });
});

test("a token whose user has no visible characters is refused", async () => {
  const Authorization = `Bearer ${await mintToken({ sub: "\u200b\u2060" })}`;
  const answer = await api.send("GET", "/models", { headers: { Authorization } });
  expect(answer).toMatchObject({ status: 401, body: { code: "unauthorized" } });
});
