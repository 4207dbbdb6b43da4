import { describe, expect, test } from "vitest";
import type { JournalEntry } from "../support/models.ts";
import { createTurnFixture, type FixtureOptions, says } from "../support/turn-fixture.ts";

const bodiesOf = (journal: readonly JournalEntry[]) => journal.map(({ body }) => body);

/** A room whose agents are of a model that the deployment describes itself. */
function createHouse(dialect: Record<string, unknown> = {}, options: FixtureOptions = {}) {
  const model = {
    alias: "house",
    provider: "own",
    model: `house/${crypto.randomUUID()}`,
    context_window: 8_192,
    multiplier: 1,
    ...dialect,
  };
  return createTurnFixture({
    agents: [{ key: "ada", modelAlias: "house" }],
    ...options,
    settings: { MODELS_JSON: JSON.stringify([model]) },
  });
}

function refuses(parameter: string) {
  return {
    status: 400,
    body: { error: { message: `Unsupported parameter: '${parameter}'.`, param: parameter } },
  };
}

describe("an agent's model settings", () => {
  test("are sent with each of its calls and no others; a run uses those of its claim", async () => {
    const fixture = await createHouse({}, { agents: [{ key: "ada", modelAlias: "house" }, "bob"] });
    const settings = { temperature: 0.2, top_p: 0.9, max_output_tokens: 50, reasoning_effort: "low" };
    const agent = `/rooms/${fixture.roomId}/agents/ada`;
    await fixture.api.as(fixture.owner).patch(agent, { model_settings: settings });

    const { body } = await fixture.post("@ada @bob hello");

    const bodies = bodiesOf(await fixture.models.journal());
    const [ofAda, ofBob] = [0, 1].map((place) =>
      bodies.find(({ messages }) => JSON.stringify(messages).includes(`You play <${["ada", "bob"][place]}>`)),
    );
    expect(ofAda).toMatchObject({ temperature: 0.2, top_p: 0.9, max_tokens: 50, reasoning_effort: "low" });
    expect(Object.keys(ofBob ?? {})).not.toEqual(expect.arrayContaining(["temperature"]));
    expect(ofBob).toMatchObject({ max_tokens: 2_048 });
    // The shorter answer leaves more of the window to what is asked.
    const { audit } = (await fixture.read(body.id)).body;
    expect(audit.find(({ agent_key }: { agent_key: string }) => agent_key === "ada")).toMatchObject({
      output_reserve: 50,
      input_budget: 8_192 - 1_024 - 50,
    });
  });

  test("that exceed the deployment's limit now are reduced to it", async () => {
    const fixture = await createTurnFixture({ settings: { MAX_OUTPUT_TOKENS: "100" } });
    await fixture.sql`update room_agents set model_settings = '{"max_output_tokens":900,"temperature":7}'
      where room_id = ${fixture.roomId}`;

    await fixture.post("@ada hello");

    const [body] = bodiesOf(await fixture.models.journal());
    expect(body).toMatchObject({ max_tokens: 100 });
    expect(body).not.toHaveProperty("temperature");
  });
});

test("a model is called in the dialect that the deployment describes", async () => {
  const fixture = await createHouse({
    max_tokens_field: "max_completion_tokens",
    omit: ["stream_options"],
    extra_body: { provider: { order: ["a"] } },
    system_role: "developer",
  });

  expect((await fixture.post("@ada hello")).body.status).toBe("completed");

  const [body] = bodiesOf(await fixture.models.journal());
  expect(Object.keys(body ?? {}).toSorted()).toEqual(
    ["max_completion_tokens", "messages", "model", "provider", "stream"].toSorted(),
  );
  expect(body).toMatchObject({
    provider: { order: ["a"] },
    messages: [{ role: "developer" }, { role: "user" }],
  });
});

test("an agent is sent its own failure as a note, not as its own message", async () => {
  const fixture = await createTurnFixture();
  await fixture.models.script(says("ada", { status: 400 }, 1), says("ada", "Hello."));
  await fixture.post("@ada one");

  await fixture.post("@ada two");

  const [, second] = await fixture.models.journal();
  const failure =
    "[[agent_error]] agent=Ada type=model_error message=The model's provider answered with status 400.";
  expect(second?.messages.slice(1).map(({ role, content }) => [role, content])).toEqual([
    ["user", `@ada one\n\n(Note: your own answer failed here. ${failure})\n\n@ada two`],
  ]);
});

describe("a parameter that a provider refuses", () => {
  test("is replaced or removed in one repeat, which the ledger counts, and is not sent again", async () => {
    const fixture = await createHouse();
    await fixture.models.script(says("ada", refuses("max_tokens"), 1), says("ada", "Hello."));

    const { body } = await fixture.post("@ada hello");

    expect(body).toMatchObject({ status: "completed", assistant_output: "Hello." });
    expect(await fixture.ledger()).toMatchObject([{ status: "completed", attempts: 2 }]);
    await fixture.post("@ada again");
    const limits = bodiesOf(await fixture.models.journal()).map((sent) => [
      sent.max_tokens,
      sent.max_completion_tokens,
    ]);
    expect(limits).toEqual([
      [1_638, undefined],
      [undefined, 1_638],
      [undefined, 1_638],
    ]);
    expect((await fixture.ledger()).map(({ attempts }) => attempts)).toEqual([2, 1]);
  });

  test("fails its agent where the repeat is refused too; the next turn sends neither", async () => {
    const fixture = await createHouse();
    await fixture.sql`update room_agents set model_settings = '{"temperature":1,"top_p":1}' where room_id = ${fixture.roomId}`;
    await fixture.models.script(
      says("ada", refuses("temperature"), 1),
      says("ada", refuses("top_p"), 2),
      says("ada", "Hello."),
    );

    const first = await fixture.post("@ada hello");
    const second = await fixture.post("@ada again");

    expect(first.body.replies).toMatchObject([{ status: "failed", error: { code: "model_error" } }]);
    expect(second.body).toMatchObject({ status: "completed" });
    const bodies = bodiesOf(await fixture.models.journal());
    expect(bodies.map((sent) => ["temperature" in sent, "top_p" in sent])).toEqual([
      [true, true],
      [false, true],
      [false, false],
    ]);
    expect(await fixture.ledger()).toMatchObject([{ attempts: 1, status: "completed" }]);
  });

  test("fails its agent at once where the call needs it", async () => {
    const fixture = await createHouse();
    await fixture.models.script(says("ada", refuses("messages")));

    const { body } = await fixture.post("@ada hello");

    expect(body.replies).toMatchObject([{ status: "failed", error: { code: "model_error" } }]);
    expect(await fixture.models.journal()).toHaveLength(1);
    expect(await fixture.ledger()).toEqual([]);
  });
});
