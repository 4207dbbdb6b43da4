import { expect, test } from "vitest";
import { createTurnFixture, says, type TurnFixture } from "../support/turn-fixture.ts";

const readSession = async ({ api, owner, sessionId }: TurnFixture) =>
  (await api.as(owner).get(`/sessions/${sessionId}`)).body;

test("the first message gives the session its title, and every stored run updates its time", async () => {
  const fixture = await createTurnFixture();
  await fixture.models.script(says("ada", { status: 400 }, 1), says("ada", "Hello."));
  const first = await fixture.post("@ada  good\tmorning\nand so on");
  const afterFirst = await readSession(fixture);
  expect(afterFirst.title).toBe("@ada good morning");
  expect(Date.parse(afterFirst.last_turn_at)).toBeGreaterThanOrEqual(Date.parse(first.body.created_at));

  await fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${first.body.id}/retry`);
  const afterRetry = await readSession(fixture);
  expect(Date.parse(afterRetry.last_turn_at)).toBeGreaterThan(Date.parse(afterFirst.last_turn_at));
  await fixture.post("@ada something else");
  expect(await readSession(fixture)).toMatchObject({ title: "@ada good morning" });
});

test("a title that the user set or removed does not change", async () => {
  const fixture = await createTurnFixture();
  await fixture.models.script(says("ada", "Hello."));
  const client = fixture.api.as(fixture.owner);
  await client.patch(`/sessions/${fixture.sessionId}`, { title: "Mine" });
  await fixture.post("@ada one");
  expect(await readSession(fixture)).toMatchObject({ title: "Mine" });
  await client.patch(`/sessions/${fixture.sessionId}`, { title: null });
  await fixture.post("@ada two");
  expect(await readSession(fixture)).toMatchObject({ title: null });
});

test("a turn moves its room to the top of the recently used rooms", async () => {
  const fixture = await createTurnFixture();
  await fixture.models.script(says("ada", "Hello."));
  const client = fixture.api.as(fixture.owner);
  const { body: newer } = await client.post("/rooms", { name: "newer" });
  const rooms = async () => (await client.get("/rooms?order=recent")).body.data;
  expect((await rooms())[0].id).toBe(newer.id);
  await fixture.post("@ada one");
  const [used, other] = await rooms();
  expect([used.id, other.id]).toEqual([fixture.roomId, newer.id]);
  expect(used.last_used_at).toBe((await readSession(fixture)).last_turn_at);
  expect((await client.get("/rooms?order=recent&limit=1")).body).toMatchObject({
    has_more: true,
    last_id: used.id,
  });
  expect((await client.get(`/rooms?order=recent&limit=1&after=${used.id}`)).body.data[0].id).toBe(newer.id);
});
