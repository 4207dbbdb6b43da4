import { describe, expect, test } from "vitest";
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

test("a message has its author, its run and its status", async () => {
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

test("private messages are never shown, and are no cursors", async () => {
  const { client, list, ids } = await seedSession([{}, { visibility: "private", role: "tool" }, {}]);
  for (const query of ["", "?include=superseded"]) {
    expect(idsOf((await client.get(list + query)).body.data)).toEqual([ids[0], ids[2]]);
  }
  expect(await client.get(`${list}?after=${ids[1]}`)).toMatchObject({
    status: 422,
    body: { code: "invalid_cursor" },
  });
});

test("superseded messages are shown on request only, and are valid cursors", async () => {
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

test("the transcript is read page by page", async () => {
  const { client, list, ids } = await seedSession(Array.from({ length: 7 }, () => ({})));
  const pages = await walkPages(client, list, 3);
  expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
  expect(idsOf(pages.flat())).toEqual(ids);
});

test("a page of long texts ends early, and no message is lost", async () => {
  const { client, list, ids } = await seedSession([
    { content: "é".repeat(900_000) },
    ...Array.from({ length: 6 }, () => ({ content: "x".repeat(700_000) })),
    { content: "short" },
  ]);
  const pages = await walkPages(client, list, 200);
  expect(pages.map(({ length }) => length)).toEqual([4, 4]);
  expect(idsOf(pages.flat())).toEqual(ids);
});

describe("the latest message first", () => {
  test("the transcript is read from its end with before", async () => {
    const { client, list, ids } = await seedSession(Array.from({ length: 7 }, () => ({})));
    const walked: string[] = [];
    for (let query = ""; ; ) {
      const { body } = await client.get(`${list}?order=desc&limit=3${query}`);
      walked.push(...idsOf(body.data));
      expect(body.last_id).toBe(walked.at(-1));
      if (!body.has_more) break;
      query = `&before=${body.last_id}`;
    }
    expect(walked).toEqual(ids.toReversed());
  });

  test("a page of long texts ends early at its older end", async () => {
    const { client, list, ids } = await seedSession([
      { content: "short" },
      ...Array.from({ length: 7 }, () => ({ content: "x".repeat(700_000) })),
    ]);
    const { body } = await client.get(`${list}?order=desc&limit=200`);
    expect([idsOf(body.data), body.has_more]).toEqual([ids.slice(3).toReversed(), true]);
  });

  test("the cursor must fit the order and be of the session", async () => {
    const [mine, other] = [await seedSession([{}]), await seedSession([{}])];
    for (const [query, path] of [
      [`order=desc&after=${mine.ids[0]}`, "after"],
      [`before=${mine.ids[0]}`, "before"],
      [`order=asc&before=${mine.ids[0]}`, "before"],
    ]) {
      expect(await mine.client.get(`${mine.list}?${query}`), query).toMatchObject({
        status: 422,
        body: { code: "validation_failed", errors: [{ path }] },
      });
    }
    expect(await mine.client.get(`${mine.list}?order=desc&before=${other.ids[0]}`)).toMatchObject({
      status: 422,
      body: { code: "invalid_cursor" },
    });
  });
});

describe("a message that was deleted", () => {
  test("is in no list and is a valid cursor; deleting it again is 404", async () => {
    const { client, list, ids } = await seedSession([
      { role: "user", content: "secret question" },
      { agentKey: "ada" },
      { agentKey: "bob", content: "secret answer" },
    ]);
    for (const id of [ids[0], ids[2]]) {
      expect(await client.delete(`${list}/${id}`)).toMatchObject({ status: 204, text: "" });
      expect(await client.delete(`${list}/${id}`)).toMatchObject({ status: 404 });
    }
    for (const query of ["", "?include=superseded", "?order=desc", `?after=${ids[0]}`]) {
      expect(idsOf((await client.get(list + query)).body.data), query).toEqual([ids[1]]);
    }
    const turns = list.replace("messages", "turns");
    const [turn] = (await client.get(turns)).body.data;
    expect(turn).toMatchObject({
      user_input: "",
      assistant_output: "message 2",
      replies: [{ content: "message 2" }, { content: "", deleted: true }],
    });
    expect(turn.replies[0]).not.toHaveProperty("deleted");
    const detail = await client.get(`${turns}/${turn.id}`);
    expect(idsOf(detail.body.messages)).toEqual([ids[1]]);
    expect(detail.text).not.toContain("secret");
  });

  test("must belong to the session and be visible", async () => {
    const [mine, other] = [
      await seedSession([{}]),
      await seedSession([{}, { visibility: "private", role: "tool" }]),
    ];
    for (const id of [other.ids[0], crypto.randomUUID(), "nonsense"]) {
      expect(await mine.client.delete(`${mine.list}/${id}`)).toMatchObject({ status: 404 });
    }
    expect(await other.client.delete(`${other.list}/${other.ids[1]}`)).toMatchObject({ status: 404 });
    expect(await mine.client.delete(`${other.list}/${other.ids[0]}`)).toMatchObject({ status: 404 });
    expect(idsOf((await other.client.get(other.list)).body.data)).toEqual([other.ids[0]]);
  });

  test("is deleted by one of several requests at once; the others get 404", async () => {
    const { client, list, ids } = await seedSession([{}]);
    const answers = await Promise.all([1, 2, 3].map(() => client.delete(`${list}/${ids[0]}`)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 404, 404]);
  });
});

test("a cursor of another session is refused", async () => {
  const [mine, other] = [await seedSession([{}]), await seedSession([{}])];
  expect(await mine.client.get(`${mine.list}?after=${other.ids[0]}`)).toMatchObject({
    status: 422,
    body: { code: "invalid_cursor" },
  });
});
