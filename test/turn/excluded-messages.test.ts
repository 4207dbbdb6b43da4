import { describe, expect, test } from "vitest";
import { createTurnScene, says, type TurnScene } from "../support/turn-scene.ts";
import { callsFor, conversationIn } from "./modes/support/asked.ts";

const refusal = { text: "", finish_reason: "content_filter" };

async function readMessages({ api, owner, sessionId }: TurnScene) {
  const { body } = await api.as(owner).get(`/sessions/${sessionId}/messages`);
  return body.data.map((row: Record<string, unknown>) => [row.seq, row.status, row.excluded]);
}

const retry = ({ api, owner, turnsPath }: TurnScene, turnId: string) =>
  api.as(owner).post(`${turnsPath}/${turnId}/retry`);

describe("a message that every agent asked refused", () => {
  test("is left out of later prompts, and the transcript and the audit say so", async () => {
    const scene = await createTurnScene({ agents: ["ada", "bob"] });
    await scene.models.script(says("ada", refusal, 2), says("bob", refusal, 1), says("ada", "Hello."));
    await scene.post("@ada good morning");
    const refused = await scene.post("@ada @bob the poison");
    const next = await scene.post("@ada and now?");

    expect(refused.body).toMatchObject({ status: "failed" });
    expect(next.body).toMatchObject({ status: "completed" });
    const calls = callsFor(await scene.models.journal(), "ada").map(conversationIn);
    expect(calls[2]).toEqual(["@ada good morning", "Hello.", "@ada and now?"]);
    expect(await readMessages(scene)).toEqual([
      [1, "completed", null],
      [2, "completed", null],
      [3, "completed", "model_refused"],
      [4, "failed", "model_refused"],
      [5, "failed", "model_refused"],
      [6, "completed", null],
      [7, "completed", null],
    ]);
    const { audit } = (await scene.read(next.body.id)).body;
    expect(audit).toMatchObject([
      { included: [[1, 2]], dropped: [{ from: 3, to: 5, reason: "excluded_model_refused" }] },
    ]);
  });

  test("is included again once a retry succeeds, whoever answers", async () => {
    const scene = await createTurnScene({ agents: ["ada", "bob"] });
    await scene.models.script(
      says("ada", refusal, 1),
      says("bob", refusal, 1),
      says("ada", refusal, 2),
      says("ada", "Hello."),
      says("bob", "Here I am."),
    );
    const refused = await scene.post("@ada @bob the poison");
    expect(await readMessages(scene)).toMatchObject([{ 2: "model_refused" }, {}, {}]);
    expect((await retry(scene, refused.body.id)).body).toMatchObject({ status: "partial" });
    expect(await readMessages(scene)).toEqual([
      [1, "completed", null],
      [4, "failed", null],
      [5, "completed", null],
    ]);
    await scene.post("@ada and now?");
    const calls = callsFor(await scene.models.journal(), "ada").map(conversationIn);
    expect(calls[2]?.[0]).toBe("@ada @bob the poison");
  });

  test("stays left out where a retry fails for the same reasons", async () => {
    const scene = await createTurnScene();
    await scene.models.script(says("ada", refusal, 1), says("ada", refusal, 2), says("ada", "Hello."));
    const refused = await scene.post("@ada the poison");
    await retry(scene, refused.body.id);
    await scene.post("@ada and now?");
    const calls = callsFor(await scene.models.journal(), "ada").map(conversationIn);
    expect(calls[2]).toEqual(["@ada and now?"]);
  });
});

test.each([
  ["one agent answered", { text: "Hello." }],
  ["one agent failed for another reason", { status: 400 }],
])("a message stays in the conversation where %s", async (_, answer) => {
  const scene = await createTurnScene({ agents: ["ada", "bob"] });
  await scene.models.script(says("ada", refusal, 1), says("bob", answer), says("ada", "Hello."));
  await scene.post("@ada @bob the poison");
  await scene.post("@ada and now?");
  const calls = callsFor(await scene.models.journal(), "ada").map(conversationIn);
  expect(calls[1]?.[0]).toBe("@ada @bob the poison");
});
