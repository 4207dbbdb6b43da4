import { expect, test } from "vitest";
import { createRoom, createSession, createTestApi, mintToken, newUser } from "../support/api.ts";
import { walkPages } from "../support/pages.ts";
import { connectSql } from "../support/sql.ts";

const api = createTestApi();

async function seedRoom() {
  const user = newUser();
  const room = await createRoom(api, user);
  return { user, room, client: api.as(user), list: `/rooms/${room.id}/sessions` };
}

test("a session is started, read and deleted", async () => {
  const { user, room, client, list } = await seedRoom();
  const started = await client.post(list);
  expect(started).toMatchObject({
    status: 201,
    body: { room_id: room.id, started_by_user_id: user.userId, deleted_at: null },
  });
  const path = `/sessions/${started.body.id}`;
  expect((await client.get(path)).body).toEqual(started.body);
  expect(await client.delete(path)).toMatchObject({ status: 204 });
  for (const gone of [path, `${path}/messages`, `${path}/turns`]) {
    expect(await client.get(gone)).toMatchObject({ status: 404 });
  }
  expect(await client.delete(path)).toMatchObject({ status: 404 });
  expect((await client.get(list)).body.data).toEqual([]);
});

test("starting a session accepts no body, an empty body or an empty object", async () => {
  const { user, list } = await seedRoom();
  const Authorization = `Bearer ${await mintToken({ sub: user.userId })}`;
  const json = { Authorization, "Content-Type": "application/json" };
  const nothing = new ReadableStream({ start: (controller) => controller.close() });
  for (const init of [
    { headers: { Authorization } },
    { headers: json },
    { headers: json, body: "" },
    { headers: json, body: nothing },
    { headers: json, body: "{}" },
  ]) {
    expect(await api.send("POST", list, init)).toMatchObject({ status: 201 });
  }
});

test("a Content-Type without a body does not affect other requests", async () => {
  const { client, list } = await seedRoom();
  const headers = { "Content-Type": "application/json" };
  expect(await client.get(list, { headers })).toMatchObject({ status: 200 });
});

test.each([
  ["{", 400, "malformed_json"],
  ["[]", 422, "validation_failed"],
  ["null", 422, "validation_failed"],
  ['{"room_id":"x"}', 422, "validation_failed"],
])("starting a session with %s is refused", async (body, status, code) => {
  const { user, list } = await seedRoom();
  const headers = {
    Authorization: `Bearer ${await mintToken({ sub: user.userId })}`,
    "Content-Type": "application/json",
  };
  expect(await api.send("POST", list, { headers, body })).toMatchObject({ status, body: { code } });
});

test("sessions are listed oldest first, page by page, also where they have the same time", async () => {
  const { user, room, client, list } = await seedRoom();
  const instant = new Date("2026-01-02T03:04:05.678Z");
  const still = createTestApi({ deps: { now: () => instant } });
  const ids: string[] = [];
  for (let i = 0; i < 5; i += 1) ids.push((await createSession(still, user, room.id)).id);
  const late = await createSession(api, user, room.id);
  const pages = await walkPages(client, list, 2);
  expect(pages.map(({ length }) => length)).toEqual([2, 2, 2]);
  expect(pages.flat().map(({ id }) => id)).toEqual([...ids.toSorted(), late.id]);
});

test("a session gets a title at its start or later; null removes it", async () => {
  const { user, client, list } = await seedRoom();
  const started = await client.post(list, { title: "  Launch plan " });
  expect(started.body).toMatchObject({ title: "Launch plan", last_turn_at: null });
  const path = `/sessions/${started.body.id}`;
  const renamed = await client.patch(path, { title: "é".repeat(200) });
  expect(renamed).toMatchObject({ status: 200, body: { ...started.body, title: "é".repeat(200) } });
  expect((await client.get(path)).body).toEqual(renamed.body);
  for (const body of [{}, { title: "" }, { title: "x".repeat(201) }, { title: "a", room_id: user.userId }]) {
    expect(await client.patch(path, body)).toMatchObject({
      status: 422,
      body: { code: "validation_failed" },
    });
  }
  expect((await client.patch(path, { title: null })).body.title).toBeNull();
  await client.delete(path);
  expect(await client.patch(path, { title: "gone" })).toMatchObject({ status: 404 });
});

test("with order=recent the session that was used last comes first, page by page", async () => {
  const { user, room, client, list } = await seedRoom();
  const ids: string[] = [];
  for (let i = 0; i < 5; i += 1) ids.push((await createSession(api, user, room.id)).id);
  const [first = "", second = "", third = "", fourth = "", fifth = ""] = ids;
  const sql = connectSql();
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  await sql`update sessions set last_turn_at = ${inAnHour} where id in (${second}, ${first})`;
  const pages = await walkPages(client, `${list}?order=recent`, 2);
  expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
  const used = [first, second].toSorted().reverse();
  expect(pages.flat().map(({ id }) => id)).toEqual([...used, fifth, fourth, third]);
  expect(await client.get(`${list}?order=newest`)).toMatchObject({ status: 422 });
});

test("a page continues after a session that was deleted meanwhile, but not after another room's", async () => {
  const { user, room, client, list } = await seedRoom();
  const sessions = [];
  for (let i = 0; i < 3; i += 1) sessions.push(await createSession(api, user, room.id));
  await client.delete(`/sessions/${sessions[1].id}`);
  const next = await client.get(`${list}?after=${sessions[1].id}`);
  expect(next.body).toEqual({ data: [sessions[2]], has_more: false, last_id: sessions[2].id });

  const otherRoom = await createRoom(api, user);
  const elsewhere = await createSession(api, user, otherRoom.id);
  for (const after of [elsewhere.id, crypto.randomUUID()]) {
    expect(await client.get(`${list}?after=${after}`)).toMatchObject({
      status: 422,
      body: { code: "invalid_cursor" },
    });
  }
});

test("of two deletions at once one succeeds", async () => {
  for (let round = 0; round < 5; round += 1) {
    const { user, room, client } = await seedRoom();
    const session = await createSession(api, user, room.id);
    const path = `/sessions/${session.id}`;
    const answers = await Promise.all([client.delete(path), client.delete(path), client.delete(path)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 404, 404]);
  }
});
