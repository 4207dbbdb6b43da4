import { describe, expect, test } from "vitest";
import { createTurnScene, roleOf, says, type TurnScene } from "../support/turn-scene.ts";

const switchMode = ({ api, owner, roomId }: TurnScene, mode: string) =>
  api.as(owner).patch(`/rooms/${roomId}/mode`, { mode });

async function modes({ api, owner, roomId }: TurnScene) {
  const { body } = await api.as(owner).get(`/rooms/${roomId}`);
  return [body.current_mode, body.pending_mode];
}

/** Posts a turn and lets `meanwhile` happen while its model is being asked. */
async function postWhile(scene: TurnScene, message: string, meanwhile: () => Promise<unknown>) {
  await scene.models.script(says("ada", { text: "hi", hold: "gate" }));
  const post = scene.post(message);
  await scene.models.wait({ calls: 1 });
  await meanwhile();
  await scene.models.release("gate");
  return await post;
}

describe("the mode of a room", () => {
  test("changes with the next turn, which runs in it", async () => {
    const scene = await createTurnScene({ mode: "orchestrator" });
    const switched = await switchMode(scene, "tag");
    expect(await modes(scene)).toEqual(["orchestrator", "tag"]);

    const { body } = await scene.post("@ada hello");

    expect(body.mode).toBe("tag");
    expect(await modes(scene)).toEqual(["tag", null]);
    const room = await scene.api.as(scene.owner).get(`/rooms/${scene.roomId}`);
    expect(Date.parse(room.body.updated_at)).toBeGreaterThan(Date.parse(switched.body.updated_at));
  });

  test("that is asked for while a turn runs is that of the turn after it", async () => {
    const scene = await createTurnScene({ mode: "manual" });
    const first = await postWhile(scene, "@ada hello", () => switchMode(scene, "tag"));
    expect(first.body.mode).toBe("manual");
    expect(await modes(scene)).toEqual(["manual", "tag"]);

    const second = await scene.post("@ada again");
    expect(second.body.mode).toBe("tag");
    expect(await modes(scene)).toEqual(["tag", null]);
  });

  test("that replaces one a running turn is about to consume is not swallowed", async () => {
    const scene = await createTurnScene({ mode: "orchestrator" });
    await switchMode(scene, "tag");

    const first = await postWhile(scene, "@ada hello", () => switchMode(scene, "roundtable"));

    expect(first.body.mode).toBe("tag");
    expect(await modes(scene)).toEqual(["orchestrator", "roundtable"]);
  });

  test("that is taken back while a running turn is about to consume it stays as it was", async () => {
    const scene = await createTurnScene({ mode: "roundtable" });
    await switchMode(scene, "tag");

    await postWhile(scene, "@ada hello", () => switchMode(scene, "roundtable"));

    expect(await modes(scene)).toEqual(["roundtable", null]);
  });

  test("is changed by a turn that lost its claim as little as anything else", async () => {
    const scene = await createTurnScene({ mode: "roundtable" });
    await switchMode(scene, "tag");

    const { status } = await postWhile(
      scene,
      "@ada hello",
      () => scene.sql`delete from turn_claims where session_id = ${scene.sessionId}`,
    );

    expect(status).toBe(409);
    expect(await modes(scene)).toEqual(["roundtable", "tag"]);
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
      }: TurnScene) => sql`update room_agents set name = 'New ' || agent_key, role_prompt = 'new role',
        model_alias = 'llama' where room_id = ${roomId}`,
    ],
    ["removed", ({ sql, roomId }: TurnScene) => sql`delete from room_agents where room_id = ${roomId}`],
  ])("%s: the turn goes on as it began", async (_how, change) => {
    const scene = await createTurnScene({ agents: keys });
    await scene.models.script({ answer: { text: "hi", hold: "gate" } });
    const post = scene.post(keys.map((key) => `@${key}`).join(" "));
    await scene.models.wait({ calls: 4 });
    await change(scene);
    await scene.models.release("gate");

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
    const last = (await scene.models.journal()).find(({ messages }) =>
      messages[0]?.content.includes(roleOf("fay")),
    );
    expect(last?.model).toBe("deepseek/deepseek-v3.1-terminus");
  });
});

describe("what is deleted while a turn runs", () => {
  test.each([
    ["the session", ({ api, owner, sessionId }: TurnScene) => api.as(owner).delete(`/sessions/${sessionId}`)],
    ["the room", ({ api, owner, roomId }: TurnScene) => api.as(owner).delete(`/rooms/${roomId}`)],
  ])("%s: the turn is stored all the same, and nobody can post another", async (_what, remove) => {
    const scene = await createTurnScene();

    const { status, body } = await postWhile(scene, "@ada hello", () => remove(scene));

    expect(status).toBe(201);
    expect(body.status).toBe("completed");
    expect(await scene.rowCounts()).toEqual({
      turns: 1,
      turn_runs: 1,
      messages: 2,
      turn_context_audit: 1,
      llm_call_events: 1,
    });
    expect(await scene.claim()).toBeUndefined();
    expect((await scene.post("@ada again")).status).toBe(404);
    expect((await scene.read(body.id)).status).toBe(404);
    expect((await scene.list()).status).toBe(404);
  });

  test("the session for good: the turn is lost, and what it spent is still on the books", async () => {
    const scene = await createTurnScene();
    const { status } = await postWhile(
      scene,
      "@ada hello",
      () => scene.sql`delete from sessions where id = ${scene.sessionId}`,
    );

    expect(status).toBe(409);
    const rows = await scene.sql`select * from llm_call_events where user_id = ${scene.owner.userId}`;
    expect(rows).toMatchObject([{ session_id: null, turn_id: null, status: "completed" }]);
  });
});
