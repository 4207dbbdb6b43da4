import { expect, test } from "vitest";
import type { JournalEntry } from "../support/models.ts";
import { createTurnFixture, roleOf, says } from "../support/turn-fixture.ts";

const isCallOf = ({ messages }: JournalEntry, agentKey: string) =>
  messages[0]?.content.includes(roleOf(agentKey)) ?? false;

test("of six tagged agents four are called at once, and replies have the order of the tags", async () => {
  const tags = ["fay", "ada", "eve", "bob", "dan", "cy"];
  const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy", "dan", "eve", "fay"] });
  await fixture.models.script(...tags.map((key) => says(key, { text: `${key} here`, hold: key })));

  const post = fixture.post(tags.map((key) => `@${key}`).join(" "));
  await fixture.models.wait({ calls: 4 });
  const asked = (await fixture.models.journal()).map((call) => tags.find((key) => isCallOf(call, key)) ?? "");
  const waiting = tags.filter((key) => !asked.includes(key));
  // Last to first; each that is done lets one more be asked.
  for (const [done, key] of [...asked.toReversed(), ...waiting].entries()) {
    await fixture.models.release(key);
    await fixture.models.wait({ calls: Math.min(6, 5 + done), settled: done + 1 });
  }
  const { body } = await post;

  expect(asked).toHaveLength(4);
  const journal = await fixture.models.journal();
  expect(journal).toHaveLength(6);
  expect(Math.max(...journal.map(({ in_flight_at_arrival }) => in_flight_at_arrival))).toBe(4);
  expect(body.replies.map((reply: { agent_key: string }) => reply.agent_key)).toEqual(tags);
  expect(body.assistant_output).toBe(
    ["Fay: fay here", "Ada: ada here", "Eve: eve here", "Bob: bob here", "Dan: dan here", "Cy: cy here"].join(
      "\n\n",
    ),
  );
  const { body: transcript } = await fixture.api
    .as(fixture.owner)
    .get(`/sessions/${fixture.sessionId}/messages`);
  expect(transcript.data.map((message: { agent_key: string | null }) => message.agent_key)).toEqual([
    null,
    ...tags,
  ]);
});

test("tagged agents do not see each other's answers of the same turn", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
  await fixture.models.script(says("ada", "Ada's own words"), says("bob", { text: "hi", hold: "gate" }));

  const post = fixture.post("@ada @bob hello");
  await fixture.models.wait({ calls: 2, settled: 1 });
  await fixture.models.release("gate");
  await post;

  for (const { messages } of await fixture.models.journal()) {
    expect(JSON.stringify(messages)).not.toContain("Ada's own words");
  }
});
