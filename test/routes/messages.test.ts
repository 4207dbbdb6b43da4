import { expect, test } from "vitest";
import { createRoom, createSession, createTestApi, type Json, newUser } from "../support/api.ts";
import { walkPages } from "../support/pages.ts";
import { type SeededMessage, seedTurn } from "../support/transcript.ts";

const api = createTestApi();

async function seedSession(messages: readonly SeededMessage[]) {
  const user = newUser();
  const room = await createRoom(api, user);
  const session = await createSession(api, user, room.id);
  const { messageIds: ids } = await seedTurn(session.id, messages);
  return { client: api.as(user), list: `/sessions/${session.id}/messages`, ids };
}

const idsOf = (data: Json[]) => data.map(({ id }) => id);

test("a message tells who said what in which run, and how it went", async () => {
  const error = { code: "model_timeout", message: "no answer in time" };
  const { client, list, ids } = await seedSession([
    { role: "user", content: "  hello\n" },
    { agentKey: "scout", status: "failed", error, content: "[[agent_error]] agent=scout" },
  ]);
  const { body } = await client.get(list);
  const [asked, failed] = body.data;
  expect(asked).toEqual({
    id: ids[0],
    turn_id: failed.turn_id,
    run_id: failed.run_id,
    seq: 1,
    role: "user",
    step: null,
    agent_key: null,
    agent_name: null,
    status: "completed",
    error: null,
    content: "  hello\n",
    finish_reason: null,
    excluded: null,
    supersedes_id: null,
    created_at: expect.stringMatching(/Z$/),
  });
  expect(failed).toMatchObject({ seq: 2, agent_key: "scout", status: "failed", error });
});

test("private messages are never shown, not even as a cursor", async () => {
  const { client, list, ids } = await seedSession([{}, { visibility: "private", role: "tool" }, {}]);
  for (const query of ["", "?include=superseded"]) {
    expect(idsOf((await client.get(list + query)).body.data)).toEqual([ids[0], ids[2]]);
  }
  expect(await client.get(`${list}?after=${ids[1]}`)).toMatchObject({
    status: 422,
    body: { code: "invalid_cursor" },
  });
});

test("what a retry replaced is hidden unless asked for, and is a cursor all the same", async () => {
  const { client, list, ids } = await seedSession([
    { role: "user" },
    { status: "failed" },
    {},
    { supersedes: 1, status: "failed" },
    { supersedes: 3 },
  ]);
  const all = (await client.get(`${list}?include=superseded`)).body.data;
  expect(idsOf(all)).toEqual(ids);
  expect(all[4].supersedes_id).toBe(ids[3]);
  expect(idsOf((await client.get(list)).body.data)).toEqual([ids[0], ids[2], ids[4]]);
  expect(idsOf((await client.get(`${list}?after=${ids[1]}`)).body.data)).toEqual([ids[2], ids[4]]);
  expect(await client.get(`${list}?include=private`)).toMatchObject({ status: 422 });
});

test("the transcript is walked page by page", async () => {
  const { client, list, ids } = await seedSession(Array.from({ length: 7 }, () => ({})));
  const pages = await walkPages(client, list, 3);
  expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
  expect(idsOf(pages.flat())).toEqual(ids);
});

test("a page of long texts ends early, and nothing of the transcript is lost", async () => {
  const { client, list, ids } = await seedSession([
    { content: "é".repeat(900_000) },
    ...Array.from({ length: 6 }, () => ({ content: "x".repeat(700_000) })),
    { content: "short" },
  ]);
  const pages = await walkPages(client, list, 200);
  expect(pages.map(({ length }) => length)).toEqual([4, 4]);
  expect(idsOf(pages.flat())).toEqual(ids);
});

test("a cursor of another session is refused", async () => {
  const [mine, other] = [await seedSession([{}]), await seedSession([{}])];
  expect(await mine.client.get(`${mine.list}?after=${other.ids[0]}`)).toMatchObject({
    status: 422,
    body: { code: "invalid_cursor" },
  });
});
