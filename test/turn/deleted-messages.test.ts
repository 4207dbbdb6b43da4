import { expect, test } from "vitest";
import { createTurnFixture, says } from "../support/turn-fixture.ts";
import { callsFor, conversationIn } from "./modes/support/model-calls.ts";

test("later prompts have neither a deleted message nor its tokens, and the ledger is unchanged", async () => {
  const fixture = await createTurnFixture({ agents: ["ada"] });
  await fixture.models.script(says("ada", "Secret answer.", 1), says("ada", "Hello."));
  const first = await fixture.post("@ada secret question");
  const second = await fixture.post("@ada harmless question");
  const client = fixture.api.as(fixture.owner);
  const messages = `/sessions/${fixture.sessionId}/messages`;
  const [question] = (await client.get(messages)).body.data;
  await client.delete(`${messages}/${question.id}`);
  await client.delete(`${messages}/${first.body.replies[0].message_id}`);
  const billed = await fixture.ledger();

  const third = await fixture.post("@ada and now?");
  const last = callsFor(await fixture.models.journal(), "ada").at(-1);
  expect(last && conversationIn(last)).toEqual(["@ada harmless question", "Hello.", "@ada and now?"]);
  expect((await fixture.read(third.body.id)).body.audit).toMatchObject([
    { included: [[3, 4]], dropped: [{ from: 1, to: 2, reason: "excluded_deleted" }] },
  ]);
  expect((await fixture.ledger()).filter(({ turn_id }) => turn_id !== third.body.id)).toEqual(billed);
  expect((await fixture.read(first.body.id)).body.usage).toEqual(first.body.usage);
  expect(second.status).toBe(201);
});

test("a retried agent is not sent a deleted answer", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
  await fixture.models.script(
    says("ada", "Secret answer."),
    says("bob", { status: 400 }, 1),
    says("bob", "Hello."),
  );
  const turn = await fixture.post("good morning");
  const client = fixture.api.as(fixture.owner);
  await client.delete(`/sessions/${fixture.sessionId}/messages/${turn.body.replies[0].message_id}`);
  const retried = await client.post(`${fixture.turnsPath}/${turn.body.id}/retry`);
  expect(retried.body).toMatchObject({
    status: "completed",
    assistant_output: "Hello.",
    replies: [{ content: "", deleted: true }, { content: "Hello." }],
  });
  const last = callsFor(await fixture.models.journal(), "bob").at(-1);
  expect(JSON.stringify(last)).not.toContain("Secret");
});

test("a turn whose user message was deleted cannot be retried", async () => {
  const fixture = await createTurnFixture();
  await fixture.models.script(says("ada", { status: 400 }));
  const turn = await fixture.post("@ada secret");
  const client = fixture.api.as(fixture.owner);
  const messages = `/sessions/${fixture.sessionId}/messages`;
  const [question] = (await client.get(messages)).body.data;
  await client.delete(`${messages}/${question.id}`);
  const before = (await fixture.models.journal()).length;
  expect(await client.post(`${fixture.turnsPath}/${turn.body.id}/retry`)).toMatchObject({
    status: 409,
    body: { code: "nothing_to_retry" },
  });
  expect((await fixture.models.journal()).length).toBe(before);
  expect(await fixture.claim()).toBeUndefined();
});
