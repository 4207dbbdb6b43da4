import { describe, expect, test } from "vitest";
import { createTurnFixture, nameOf, noRows, roleOf, says } from "../../support/turn-fixture.ts";
import {
  callerOf,
  callsFor,
  conversationIn,
  databaseTrips,
  replyKeys,
  rolesIn,
} from "./support/model-calls.ts";

const twelve = Array.from({ length: 12 }, (_, n) => `agent-${n + 1}`);

describe("a roundtable of three agents of which the second fails", () => {
  const failure =
    "[[agent_error]] agent=Bob type=model_error message=The model's provider answered with status 400.";

  async function holdRound() {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    await fixture.models.script(
      says("ada", "Ada's own words"),
      says("bob", { status: 400 }),
      says("cy", "Cy closes"),
    );
    const answer = await fixture.post("hello all");
    return { fixture, answer, journal: await fixture.models.journal() };
  }

  test("leaves a partial turn whose replies have the order of their positions", async () => {
    const { fixture, answer } = await holdRound();

    expect(answer).toMatchObject({
      status: 201,
      body: {
        mode: "roundtable",
        status: "partial",
        model_alias_used: "roundtable",
        assistant_output: `Ada: Ada's own words\n\nBob: ${failure}\n\nCy: Cy closes`,
        replies: [
          { agent_key: "ada", status: "completed", content: "Ada's own words", error: null },
          { agent_key: "bob", status: "failed", content: failure, error: { code: "model_error" } },
          { agent_key: "cy", status: "completed", content: "Cy closes", error: null },
        ],
        overflow_rejected: false,
      },
    });
    expect((await fixture.read(answer.body.id)).body).toMatchObject(answer.body);
    expect(await fixture.ledger()).toMatchObject([{ agent_key: "ada" }, { agent_key: "cy" }]);
  });

  test("sends the third agent the first's answer and the second's failure, after the user's message", async () => {
    const { journal } = await holdRound();

    expect(journal.map(callerOf)).toEqual(["ada", "bob", "cy"]);
    expect(journal.map(conversationIn)).toEqual([
      ["hello all"],
      ["hello all", "[Ada]: Ada's own words"],
      ["hello all", "[Ada]: Ada's own words", `[Bob]: ${failure}`],
    ]);
  });

  test("sends each agent its own role and no other's", async () => {
    const { journal } = await holdRound();
    expect(journal.map(rolesIn)).toEqual([["ada"], ["bob"], ["cy"]]);
    for (const { messages } of journal)
      expect(messages.filter(({ role }) => role === "system")).toHaveLength(1);
  });
});

test("agents answer in the room's current order, not in that of their creation", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
  await fixture.api
    .as(fixture.owner)
    .put(`/rooms/${fixture.roomId}/agents/order`, { agent_keys: ["cy", "ada", "bob"] });

  const { body } = await fixture.post("hello");

  expect(replyKeys(body)).toEqual(["cy", "ada", "bob"]);
  expect((await fixture.models.journal()).map(callerOf)).toEqual(["cy", "ada", "bob"]);
});

test("a roundtable of one agent has the marker of a roundtable", async () => {
  const fixture = await createTurnFixture({
    agents: [{ key: "ada", modelAlias: "qwen" }],
    mode: "roundtable",
  });

  const { body } = await fixture.post("hello");

  expect(body).toMatchObject({ model_alias_used: "roundtable", status: "completed" });
  expect(body.assistant_output).toBe(body.replies[0].content);
  const [audit] = (await fixture.read(body.id)).body.audit;
  expect(audit).toMatchObject({ model_alias: "qwen", model_alias_marker: "roundtable" });
});

test("a room without agents is refused before any call, and its claim is released", async () => {
  const fixture = await createTurnFixture({ agents: [], mode: "roundtable" });

  const answer = await fixture.post("hello", { key: "k" });

  expect(answer).toMatchObject({ status: 422, body: { code: "no_room_agents" } });
  expect(await fixture.claim()).toBeUndefined();
  expect(await fixture.rowCounts()).toEqual(noRows);
  expect(await fixture.models.journal()).toEqual([]);
});

test("twelve agents answer strictly one after another, and each sees all answers before its own", async () => {
  const fixture = await createTurnFixture({ agents: twelve, mode: "roundtable" });
  await fixture.models.script(...twelve.map((key) => says(key, `word of ${key}.`)));

  const { headers, body } = await fixture.post("hello");

  expect(body.status).toBe("completed");
  expect(replyKeys(body)).toEqual(twelve);
  expect(databaseTrips(headers)).toBe("2");
  const journal = await fixture.models.journal();
  expect(journal.map(callerOf)).toEqual(twelve);
  expect(journal.map(({ in_flight_at_arrival }) => in_flight_at_arrival)).toEqual(twelve.map(() => 1));
  const words = twelve.map((key) => `[${nameOf(key)}]: word of ${key}.`);
  for (const [place, call] of journal.entries()) {
    expect(conversationIn(call)).toEqual(["hello", ...words.slice(0, place)]);
    expect(rolesIn(call)).toEqual([twelve[place]]);
  }
});

test("a later agent waits for the one before it, also where that one is slow", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
  await fixture.models.script(says("ada", { text: "slow words", hold: "gate" }));

  const post = fixture.post("hello");
  await fixture.models.wait({ calls: 1 });
  const whileHeld = (await fixture.models.journal()).map(callerOf);
  await fixture.models.release("gate");
  const { body } = await post;

  expect(whileHeld).toEqual(["ada"]);
  expect(body.status).toBe("completed");
  expect(conversationIn(callsFor(await fixture.models.journal(), "bob")[0])).toContain("[Ada]: slow words");
});

test("in the next turn an agent's own answers are its own, and others' are marked with their names", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
  await fixture.models.script(says("ada", "from Ada"), says("bob", "from Bob"));
  await fixture.post("first");

  await fixture.post("second");

  const call = callsFor(await fixture.models.journal(), "bob")[1];
  expect(call?.messages.map(({ role, content }) => [role, content])).toEqual([
    ["system", expect.stringContaining(roleOf("bob"))],
    ["user", "first\n\n[Ada]: from Ada"],
    ["assistant", "from Bob"],
    ["user", "second\n\n[Ada]: from Ada"],
  ]);
});
