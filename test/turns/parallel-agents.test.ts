import { expect, test } from "vitest";
import { createTurnScene, roleOf, says } from "../support/turn-scene.ts";

test("of six tagged agents four are asked at once, and replies stand in tag order whoever finished first", async () => {
  const tags = ["fay", "ada", "eve", "bob", "dan", "cy"];
  const scene = await createTurnScene({ agents: ["ada", "bob", "cy", "dan", "eve", "fay"] });
  await scene.models.script(...tags.map((key) => says(key, { text: `${key} here`, hold: key })));

  const post = scene.post(tags.map((key) => `@${key}`).join(" "));
  await scene.models.wait({ calls: 4 });
  const asked = (await scene.models.journal()).map(({ messages }) => messages[0]?.content ?? "");
  // Last to first: a later one is asked only when one of the four is done.
  for (const [settled, key] of [...tags.slice(0, 4)].reverse().entries()) {
    await scene.models.release(key);
    await scene.models.wait({ calls: Math.min(6, 5 + settled), settled: settled + 1 });
  }
  await scene.models.release("cy");
  await scene.models.wait({ calls: 6, settled: 5 });
  await scene.models.release("dan");
  const { body } = await post;

  expect(asked).toHaveLength(4);
  for (const key of tags.slice(0, 4)) expect(asked.join()).toContain(roleOf(key));
  const journal = await scene.models.journal();
  expect(journal).toHaveLength(6);
  expect(Math.max(...journal.map(({ in_flight_at_arrival }) => in_flight_at_arrival))).toBe(4);
  expect(body.replies.map((reply: { agent_key: string }) => reply.agent_key)).toEqual(tags);
  expect(body.assistant_output).toBe(
    ["Fay: fay here", "Ada: ada here", "Eve: eve here", "Bob: bob here", "Dan: dan here", "Cy: cy here"].join("\n\n"),
  );
  const { body: transcript } = await scene.api.as(scene.owner).get(`/sessions/${scene.sessionId}/messages`);
  expect(transcript.data.map((message: { agent_key: string | null }) => message.agent_key)).toEqual([null, ...tags]);
});

test("tagged agents do not see each other's answers of the same turn", async () => {
  const scene = await createTurnScene({ agents: ["ada", "bob"] });
  await scene.models.script(says("ada", "Ada's own words"), says("bob", { text: "hi", hold: "gate" }));

  const post = scene.post("@ada @bob hello");
  await scene.models.wait({ calls: 2, settled: 1 });
  await scene.models.release("gate");
  await post;

  for (const { messages } of await scene.models.journal()) {
    expect(JSON.stringify(messages)).not.toContain("Ada's own words");
  }
});
