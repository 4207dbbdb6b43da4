import { expect, test } from "vitest";
import type { JournalEntry } from "../support/models.ts";
import { createTurnScene, roleOf, says } from "../support/turn-scene.ts";

const isCallOf = ({ messages }: JournalEntry, agentKey: string) =>
  messages[0]?.content.includes(roleOf(agentKey)) ?? false;

test("of six tagged agents four are asked at once, and replies stand in tag order whoever finished first", async () => {
  const tags = ["fay", "ada", "eve", "bob", "dan", "cy"];
  const scene = await createTurnScene({ agents: ["ada", "bob", "cy", "dan", "eve", "fay"] });
  await scene.models.script(...tags.map((key) => says(key, { text: `${key} here`, hold: key })));

  const post = scene.post(tags.map((key) => `@${key}`).join(" "));
  await scene.models.wait({ calls: 4 });
  const asked = (await scene.models.journal()).map((call) => tags.find((key) => isCallOf(call, key)) ?? "");
  const waiting = tags.filter((key) => !asked.includes(key));
  // Last to first; each that is done lets one more be asked.
  for (const [done, key] of [...asked.toReversed(), ...waiting].entries()) {
    await scene.models.release(key);
    await scene.models.wait({ calls: Math.min(6, 5 + done), settled: done + 1 });
  }
  const { body } = await post;

  expect(asked).toHaveLength(4);
  const journal = await scene.models.journal();
  expect(journal).toHaveLength(6);
  expect(Math.max(...journal.map(({ in_flight_at_arrival }) => in_flight_at_arrival))).toBe(4);
  expect(body.replies.map((reply: { agent_key: string }) => reply.agent_key)).toEqual(tags);
  expect(body.assistant_output).toBe(
    ["Fay: fay here", "Ada: ada here", "Eve: eve here", "Bob: bob here", "Dan: dan here", "Cy: cy here"].join(
      "\n\n",
    ),
  );
  const { body: transcript } = await scene.api.as(scene.owner).get(`/sessions/${scene.sessionId}/messages`);
  expect(transcript.data.map((message: { agent_key: string | null }) => message.agent_key)).toEqual([
    null,
    ...tags,
  ]);
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
