import { describe, expect, test } from "vitest";
import { createTurnFixture } from "../support/turn-fixture.ts";

describe("the turns of a session", () => {
  test("are listed from the first turn on, page by page", async () => {
    const fixture = await createTurnFixture();
    const posted = [];
    for (const n of [1, 2, 3, 4, 5]) posted.push((await fixture.post(`@ada ${n}`)).body);
    // The order is that of the index, not that of ids or times.
    await fixture.sql`update turns set created_at = now() - interval '1 hour' where id = ${posted[4].id}`;

    const first = (await fixture.list("?limit=2")).body;
    const second = (await fixture.list(`?limit=2&after=${first.last_id}`)).body;
    const third = (await fixture.list(`?limit=2&after=${second.last_id}`)).body;
    const beyond = (await fixture.list(`?after=${third.last_id}`)).body;

    const pages = [first, second, third].map((page) =>
      page.data.map((turn: { turn_index: number }) => turn.turn_index),
    );
    expect(pages).toEqual([[1, 2], [3, 4], [5]]);
    expect([first, second, third].map((page) => page.has_more)).toEqual([true, true, false]);
    expect(first.data).toEqual(posted.slice(0, 2));
    expect(first.last_id).toBe(posted[1].id);
    expect(beyond).toEqual({ data: [], has_more: false, last_id: null });
  });

  test("latest turn first, in pages that a turn before names", async () => {
    const fixture = await createTurnFixture();
    for (const n of [1, 2, 3]) await fixture.post(`@ada ${n}`);
    const first = (await fixture.list("?order=desc&limit=2")).body;
    const second = (await fixture.list(`?order=desc&limit=2&before=${first.last_id}`)).body;
    const pages = [first, second].map((page) =>
      page.data.map((turn: { user_input: string }) => turn.user_input),
    );
    expect(pages).toEqual([["@ada 3", "@ada 2"], ["@ada 1"]]);
    expect([first, second].map((page) => page.has_more)).toEqual([true, false]);
    for (const mixed of [`order=desc&after=${first.last_id}`, `before=${first.last_id}`]) {
      expect(await fixture.list(`?${mixed}`)).toMatchObject({
        status: 422,
        body: { code: "validation_failed" },
      });
    }
  });

  test("have their own replies and usage", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    const posted = [(await fixture.post("@ada one")).body, (await fixture.post("@ada @bob two")).body];
    expect((await fixture.list()).body).toEqual({ data: posted, has_more: false, last_id: posted[1].id });
  });

  test("are an empty list in a new session", async () => {
    const fixture = await createTurnFixture();
    expect((await fixture.list()).body).toEqual({ data: [], has_more: false, last_id: null });
  });
});

describe("a cursor that names no turn of the session", () => {
  test("because it is another session's turn, or none: 422 invalid_cursor", async () => {
    const [fixture, other] = [await createTurnFixture(), await createTurnFixture()];
    const { body: foreign } = await other.post("@ada hello");
    for (const after of [foreign.id, crypto.randomUUID()]) {
      expect(await fixture.list(`?after=${after}`)).toMatchObject({
        status: 422,
        body: { code: "invalid_cursor" },
      });
    }
  });

  test.each(["limit=0", "limit=201", "limit=x", "after=nonsense"])(
    "because it is %s: 422 validation_failed",
    async (query) => {
      const fixture = await createTurnFixture();
      expect(await fixture.list(`?${query}`)).toMatchObject({
        status: 422,
        body: { code: "validation_failed" },
      });
    },
  );
});

test("a turn of another session of the same user is not found", async () => {
  const [fixture, other] = [await createTurnFixture(), await createTurnFixture()];
  const { body } = await other.post("@ada hello");
  await fixture.sql`update rooms set owner_user_id = ${fixture.owner.userId} where id = ${other.roomId}`;

  expect((await fixture.api.as(fixture.owner).get(`${other.turnsPath}/${body.id}`)).status).toBe(200);
  expect(await fixture.read(body.id)).toMatchObject({ status: 404, body: { code: "not_found" } });
});
