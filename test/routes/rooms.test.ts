import { expect, test } from "vitest";
import { createRoom, createTestApi, newUser } from "../support/api.ts";
import { walkPages } from "../support/pages.ts";

const api = createTestApi();

test("a room is created, read, changed and deleted", async () => {
  const user = newUser();
  const created = await createRoom(api, user, { name: "  Launch  ", goal: "Ship it" });
  expect(created).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    owner_user_id: user.userId,
    name: "Launch",
    goal: "Ship it",
    current_mode: "orchestrator",
    pending_mode: null,
    orchestration: { max_rounds: 1, synthesis: "off" },
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    updated_at: created.created_at,
    last_used_at: created.created_at,
  });
  const path = `/rooms/${created.id}`;
  expect((await api.as(user).get(path)).body).toEqual(created);
  const changed = await api.as(user).patch(path, { goal: null });
  expect(changed).toMatchObject({
    status: 200,
    body: { ...created, goal: null, updated_at: expect.any(String) },
  });

  expect(await api.as(user).delete(path)).toMatchObject({ status: 204, text: "" });
  for (const method of ["get", "delete"] as const) {
    expect(await api.as(user)[method](path)).toMatchObject({ status: 404, body: { code: "not_found" } });
  }
  expect((await api.as(user).get("/rooms")).body).toEqual({ data: [], has_more: false, last_id: null });
});

test("a user has as many rooms as the setting allows, also where they are created at once", async () => {
  const user = newUser();
  const small = createTestApi({ settings: { USER_MAX_ROOMS: "3" } });
  const create = () => small.as(user).post("/rooms", { name: "A room" });
  const statuses = (await Promise.all([1, 2, 3, 4, 5].map(create))).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([201, 201, 201, 409, 409]);
  expect(await create()).toMatchObject({ status: 409, body: { code: "too_many_rooms" } });
  const { data } = (await small.as(user).get("/rooms")).body;
  expect(data).toHaveLength(3);
  await small.as(user).delete(`/rooms/${data[0].id}`);
  expect((await create()).status).toBe(201);
  expect((await small.as(newUser()).post("/rooms", { name: "Another's" })).status).toBe(201);
});

test("the contents of a deleted room are deleted with it", async () => {
  const user = newUser();
  const room = await createRoom(api, user);
  const session = (await api.as(user).post(`/rooms/${room.id}/sessions`)).body;
  await api.as(user).delete(`/rooms/${room.id}`);
  for (const path of [`/rooms/${room.id}/agents`, `/rooms/${room.id}/sessions`, `/sessions/${session.id}`]) {
    expect(await api.as(user).get(path)).toMatchObject({ status: 404 });
  }
  expect(await api.as(user).get(`/sessions/${session.id}/messages`)).toMatchObject({ status: 404 });
  expect(await api.as(user).post(`/rooms/${room.id}/sessions`)).toMatchObject({ status: 404 });
});

test("a new mode is pending until a turn uses it; setting the current mode clears it", async () => {
  const user = newUser();
  const room = await createRoom(api, user, { current_mode: "tag" });
  const switchTo = (mode: string) => api.as(user).patch(`/rooms/${room.id}/mode`, { mode });
  expect((await switchTo("roundtable")).body).toMatchObject({
    current_mode: "tag",
    pending_mode: "roundtable",
  });
  expect((await switchTo("tag")).body).toMatchObject({ current_mode: "tag", pending_mode: null });
  expect(await switchTo("chaos")).toMatchObject({ status: 422, body: { code: "validation_failed" } });
});

test.each([
  ["a blank name", { name: " \t\n" }, "name"],
  ["no name", {}, "name"],
  ["a long name", { name: "x".repeat(201) }, "name"],
  ["a long goal", { name: "n", goal: "x".repeat(4_001) }, "goal"],
  ["an unknown field", { name: "n", colour: "red" }, "colour"],
  ["an owner", { name: "n", owner_user_id: "mallory" }, "owner_user_id"],
  ["a number for a name", { name: 7 }, "name"],
  ["NUL", { name: "a\u0000b" }, "name"],
  ["a lone surrogate", { name: "a\ud800b" }, "name"],
  ["a list", [], ""],
  ["null", null, ""],
])("a room with %s is refused", async (_, body, path) => {
  const answer = await api.as(newUser()).post("/rooms", body);
  expect(answer).toMatchObject({ status: 422, body: { code: "validation_failed" } });
  expect(answer.body.errors).toContainEqual({ path, message: expect.any(String) });
});

test("names of the greatest length, in any script, are returned unchanged", async () => {
  const user = newUser();
  for (const name of ["x".repeat(200), "Ünïcødé 房間 🚀", "a\tb\nc", "' or 1=1 --", "%_\\"]) {
    expect((await createRoom(api, user, { name })).name).toBe(name);
  }
});

test("a change of nothing is refused", async () => {
  const user = newUser();
  const room = await createRoom(api, user);
  expect(await api.as(user).patch(`/rooms/${room.id}`, {})).toMatchObject({ status: 422 });
});

test("rooms are listed oldest first, page by page, also where they have the same time", async () => {
  const user = newUser();
  const instant = new Date("2026-01-02T03:04:05.678Z");
  const still = createTestApi({ deps: { now: () => instant } });
  const ids: string[] = [];
  for (let i = 0; i < 7; i += 1) ids.push((await createRoom(still, user)).id);
  const pages = await walkPages(api.as(user), "/rooms", 3);
  expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
  expect(pages.flat().map(({ id }) => id)).toEqual(ids.toSorted());
});

test("a page continues after a room that was deleted meanwhile, but not after another user's", async () => {
  const [user, stranger] = [newUser(), newUser()];
  const rooms = [await createRoom(api, user), await createRoom(api, user), await createRoom(api, user)];
  const foreign = await createRoom(api, stranger);
  await api.as(user).delete(`/rooms/${rooms[1].id}`);
  const next = await api.as(user).get(`/rooms?after=${rooms[1].id}`);
  expect(next.body).toEqual({ data: [rooms[2]], has_more: false, last_id: rooms[2].id });
  for (const after of [foreign.id, crypto.randomUUID()]) {
    expect(await api.as(user).get(`/rooms?after=${after}`)).toMatchObject({
      status: 422,
      body: { code: "invalid_cursor" },
    });
  }
});

test.each(["0", "201", "-1", "1.5", "ten", "", "1e2", "0x10", " 5"])("limit=%j is refused", async (limit) => {
  const answer = await api.as(newUser()).get(`/rooms?limit=${encodeURIComponent(limit)}`);
  expect(answer).toMatchObject({ status: 422, body: { code: "validation_failed" } });
});

test("a cursor that is not an id is refused", async () => {
  expect(await api.as(newUser()).get("/rooms?after=first")).toMatchObject({ status: 422 });
});

test("a room's orchestration is set at creation and changed field by field", async () => {
  const user = newUser();
  const created = await createRoom(api, user, { name: "Launch", orchestration: { max_rounds: 3 } });
  expect(created.orchestration).toEqual({ max_rounds: 3, synthesis: "off" });
  const client = api.as(user);
  const change = (orchestration: unknown) => client.patch(`/rooms/${created.id}`, { orchestration });

  expect((await change({ synthesis: "manager" })).body.orchestration).toEqual({
    max_rounds: 3,
    synthesis: "manager",
  });
  for (const wrong of [{ max_rounds: 0 }, { max_rounds: 4 }, { synthesis: "two words" }, {}, { rounds: 1 }]) {
    expect(await change(wrong)).toMatchObject({ status: 422 });
  }
  expect((await client.get(`/rooms/${created.id}`)).body.orchestration).toEqual({
    max_rounds: 3,
    synthesis: "manager",
  });
});
