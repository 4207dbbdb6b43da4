import { describe, expect, test } from "vitest";
import { createTurnFixture, roleOf, says, type TurnFixture } from "../support/turn-fixture.ts";

const switchMode = ({ api, owner, roomId }: TurnFixture, mode: string) =>
  api.as(owner).patch(`/rooms/${roomId}/mode`, { mode });

async function modes({ api, owner, roomId }: TurnFixture) {
  const { body } = await api.as(owner).get(`/rooms/${roomId}`);
  return [body.current_mode, body.pending_mode];
}

/** Posts a turn and lets `meanwhile` happen while its model is being asked. */
async function postWhile(fixture: TurnFixture, message: string, meanwhile: () => Promise<unknown>) {
  await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
  const post = fixture.post(message);
  await fixture.models.wait({ calls: 1 });
  await meanwhile();
  await fixture.models.release("gate");
  return await post;
}

describe("the mode of a room", () => {
  test("changes with the next turn, which uses it", async () => {
    const fixture = await createTurnFixture({ mode: "orchestrator" });
    const switched = await switchMode(fixture, "tag");
    expect(await modes(fixture)).toEqual(["orchestrator", "tag"]);

    const { body } = await fixture.post("@ada hello");

    expect(body.mode).toBe("tag");
    expect(await modes(fixture)).toEqual(["tag", null]);
    const room = await fixture.api.as(fixture.owner).get(`/rooms/${fixture.roomId}`);
    expect(Date.parse(room.body.updated_at)).toBeGreaterThan(Date.parse(switched.body.updated_at));
  });

  test("that is set while a turn runs is used by the turn after it", async () => {
    const fixture = await createTurnFixture({ mode: "manual" });
    const first = await postWhile(fixture, "@ada hello", () => switchMode(fixture, "tag"));
    expect(first.body.mode).toBe("manual");
    expect(await modes(fixture)).toEqual(["manual", "tag"]);

    const second = await fixture.post("@ada again");
    expect(second.body.mode).toBe("tag");
    expect(await modes(fixture)).toEqual(["tag", null]);
  });

  test("that replaces a pending one, which a running turn will consume, stays pending", async () => {
    const fixture = await createTurnFixture({ mode: "orchestrator" });
    await switchMode(fixture, "tag");

    const first = await postWhile(fixture, "@ada hello", () => switchMode(fixture, "roundtable"));

    expect(first.body.mode).toBe("tag");
    expect(await modes(fixture)).toEqual(["orchestrator", "roundtable"]);
  });

  test("that is cleared while a running turn will consume it stays cleared", async () => {
    const fixture = await createTurnFixture({ mode: "roundtable" });
    await switchMode(fixture, "tag");

    await postWhile(fixture, "@ada hello", () => switchMode(fixture, "roundtable"));

    expect(await modes(fixture)).toEqual(["roundtable", null]);
  });

  test("does not change by a turn that lost its claim", async () => {
    const fixture = await createTurnFixture({ mode: "roundtable" });
    await switchMode(fixture, "tag");

    const { status } = await postWhile(
      fixture,
      "@ada hello",
      () => fixture.sql`delete from turn_claims where session_id = ${fixture.sessionId}`,
    );

    expect(status).toBe(409);
    expect(await modes(fixture)).toEqual(["roundtable", "tag"]);
  });
});

describe("an agent that is changed while a turn runs", () => {
  // Six agents, four calls at once: `fay` is asked only after the change.
  const keys = ["ada", "bob", "cy", "dan", "eve", "fay"];

  test.each([
    [
      "edited",
      ({
        sql,
        roomId,
      }: TurnFixture) => sql`update room_agents set name = 'New ' || agent_key, role_prompt = 'new role',
        model_alias = 'llama' where room_id = ${roomId}`,
    ],
    ["removed", ({ sql, roomId }: TurnFixture) => sql`delete from room_agents where room_id = ${roomId}`],
  ])("(%s) does not change the running turn", async (_how, change) => {
    const fixture = await createTurnFixture({ agents: keys });
    await fixture.models.script({ answer: { text: "hi", hold: "gate" } });
    const post = fixture.post(keys.map((key) => `@${key}`).join(" "));
    await fixture.models.wait({ calls: 4 });
    await change(fixture);
    await fixture.models.release("gate");

    const { body } = await post;

    expect(body.status).toBe("completed");
    expect(body.replies.map((reply: { agent_name: string }) => reply.agent_name)).toEqual([
      "Ada",
      "Bob",
      "Cy",
      "Dan",
      "Eve",
      "Fay",
    ]);
    const last = (await fixture.models.journal()).find(({ messages }) =>
      messages[0]?.content.includes(roleOf("fay")),
    );
    expect(last?.model).toBe("deepseek/deepseek-v3.1-terminus");
  });
});

describe("where something is deleted while a turn runs", () => {
  test.each([
    [
      "the session",
      ({ api, owner, sessionId }: TurnFixture) => api.as(owner).delete(`/sessions/${sessionId}`),
    ],
    ["the room", ({ api, owner, roomId }: TurnFixture) => api.as(owner).delete(`/rooms/${roomId}`)],
  ])("(%s) the turn is stored, and no other turn can be posted", async (_what, remove) => {
    const fixture = await createTurnFixture();

    const { status, body } = await postWhile(fixture, "@ada hello", () => remove(fixture));

    expect(status).toBe(201);
    expect(body.status).toBe("completed");
    expect(await fixture.rowCounts()).toEqual({
      turns: 1,
      turn_runs: 1,
      messages: 2,
      turn_context_audit: 1,
      llm_call_events: 1,
    });
    expect(await fixture.claim()).toBeUndefined();
    expect((await fixture.post("@ada again")).status).toBe(404);
    expect((await fixture.read(body.id)).status).toBe(404);
    expect((await fixture.list()).status).toBe(404);
  });

  test("and it is the session's row, the turn is lost and its calls are in the ledger", async () => {
    const fixture = await createTurnFixture();
    const { status } = await postWhile(
      fixture,
      "@ada hello",
      () => fixture.sql`delete from sessions where id = ${fixture.sessionId}`,
    );

    expect(status).toBe(409);
    const rows = await fixture.sql`select * from llm_call_events where user_id = ${fixture.owner.userId}`;
    expect(rows).toMatchObject([{ session_id: null, turn_id: null, status: "completed" }]);
  });
});
