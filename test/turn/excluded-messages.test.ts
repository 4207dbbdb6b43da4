import { describe, expect, test } from "vitest";
import tokenCases from "../cases/token-estimates.json";
import { createTurnFixture, says, type TurnFixture } from "../support/turn-fixture.ts";
import { callsFor, conversationIn } from "./modes/support/model-calls.ts";

const refusal = { text: "", finish_reason: "content_filter" };

async function readMessages({ api, owner, sessionId }: TurnFixture) {
  const { body } = await api.as(owner).get(`/sessions/${sessionId}/messages`);
  return body.data.map((row: Record<string, unknown>) => [row.seq, row.status, row.excluded]);
}

const retry = ({ api, owner, turnsPath }: TurnFixture, turnId: string) =>
  api.as(owner).post(`${turnsPath}/${turnId}/retry`);

describe("a message that the model of every agent refused", () => {
  test("is left out of later prompts, and the transcript and the audit show it", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(says("ada", refusal, 2), says("bob", refusal, 1), says("ada", "Hello."));
    await fixture.post("@ada good morning");
    const refused = await fixture.post("@ada @bob the poison");
    const next = await fixture.post("@ada and now?");

    expect(refused.body).toMatchObject({ status: "failed" });
    expect(next.body).toMatchObject({ status: "completed" });
    const calls = callsFor(await fixture.models.journal(), "ada").map(conversationIn);
    expect(calls[2]).toEqual(["@ada good morning", "Hello.", "@ada and now?"]);
    expect(await readMessages(fixture)).toEqual([
      [1, "completed", null],
      [2, "completed", null],
      [3, "completed", "model_refused"],
      [4, "failed", "model_refused"],
      [5, "failed", "model_refused"],
      [6, "completed", null],
      [7, "completed", null],
    ]);
    const { audit } = (await fixture.read(next.body.id)).body;
    expect(audit).toMatchObject([
      { included: [[1, 2]], dropped: [{ from: 3, to: 5, reason: "excluded_model_refused" }] },
    ]);
  });

  test("is included again once a retry succeeds, for any agent", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(
      says("ada", refusal, 1),
      says("bob", refusal, 1),
      says("ada", refusal, 2),
      says("ada", "Hello."),
      says("bob", "Here I am."),
    );
    const refused = await fixture.post("@ada @bob the poison");
    expect(await readMessages(fixture)).toMatchObject([{ 2: "model_refused" }, {}, {}]);
    expect((await retry(fixture, refused.body.id)).body).toMatchObject({ status: "partial" });
    expect(await readMessages(fixture)).toEqual([
      [1, "completed", null],
      [4, "failed", null],
      [5, "completed", null],
    ]);
    await fixture.post("@ada and now?");
    const calls = callsFor(await fixture.models.journal(), "ada").map(conversationIn);
    expect(calls[2]?.[0]).toBe("@ada @bob the poison");
  });

  test("stays left out where a retry fails for the same reasons", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", refusal, 1), says("ada", refusal, 2), says("ada", "Hello."));
    const refused = await fixture.post("@ada the poison");
    await retry(fixture, refused.body.id);
    await fixture.post("@ada and now?");
    const calls = callsFor(await fixture.models.journal(), "ada").map(conversationIn);
    expect(calls[2]).toEqual(["@ada and now?"]);
  });
});

test.each([
  ["one agent answered", { text: "Hello." }],
  ["one agent failed for another reason", { status: 400 }],
])("a message is sent again in later turns where %s", async (_, answer) => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
  await fixture.models.script(says("ada", refusal, 1), says("bob", answer), says("ada", "Hello."));
  await fixture.post("@ada @bob the poison");
  await fixture.post("@ada and now?");
  const calls = callsFor(await fixture.models.journal(), "ada").map(conversationIn);
  expect(calls[1]?.[0]).toBe("@ada @bob the poison");
});

const tooLong = { status: 400, body: { error: { code: "context_length_exceeded", message: "too long" } } };

test("a message that is too long for the model of every agent is left out, until a retry succeeds", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
  await fixture.models.script(
    says("ada", tooLong, 1),
    says("bob", tooLong, 1),
    says("ada", "Hello."),
    says("bob", "Here I am."),
  );
  const refused = await fixture.post("@ada @bob the long one");
  expect(await readMessages(fixture)).toMatchObject([
    { 2: "context_budget_exceeded" },
    { 2: "context_budget_exceeded" },
    { 2: "context_budget_exceeded" },
  ]);
  await retry(fixture, refused.body.id);
  await fixture.post("@ada and now?");
  const calls = callsFor(await fixture.models.journal(), "ada").map(conversationIn);
  expect(calls.at(-1)?.[0]).toBe("@ada @bob the long one");
});

test("a message that is left out and not retried is not sent again", async () => {
  const fixture = await createTurnFixture();
  await fixture.models.script(says("ada", tooLong, 1), says("ada", "Hello."));
  await fixture.post("@ada the long one");
  await fixture.post("@ada and now?");
  const calls = callsFor(await fixture.models.journal(), "ada").map(conversationIn);
  expect(calls.at(-1)).toEqual(["@ada and now?"]);
});

const pastes = tokenCases.cases.filter(({ name }) => /^(base64|hex|Amharic)/i.test(name));

test("the cases have all three kinds of long texts", () => expect(pastes).toHaveLength(3));

test.each(pastes)("a session goes on after three messages of 30,000 characters of $name", async (sample) => {
  const fixture = await createTurnFixture();
  // What the model server counts is no tokenizer's count of such a text.
  await fixture.models.script(says("ada", { text: "Seen.", usage: null }));
  const paste = `@ada ${sample.text.repeat(30)}`.slice(0, 30_000);
  expect(paste).toHaveLength(30_000);
  for (let n = 1; n <= 3; n += 1) await fixture.post(paste);
  const next = await fixture.post("@ada and now?");

  expect(next.body).toMatchObject({ status: "completed" });
  const { audit } = (await fixture.read(next.body.id)).body;
  expect(audit[0].estimated_tokens_after_prune).toBeLessThanOrEqual(audit[0].input_budget);
  const sent = conversationIn((await fixture.models.journal()).at(-1));
  expect(sent.at(-1)).toBe("@ada and now?");
  const sentTokens = (sent.join("").length * sample.tokens) / sample.text.length;
  expect(sentTokens).toBeLessThanOrEqual(audit[0].model_context_limit - audit[0].output_reserve);
});
