import { describe, expect, test } from "vitest";
import { createTurnScene, nameOf, noRows, roleOf, says } from "../../support/turn-scene.ts";
import { askedOf, callsFor, conversationIn, databaseTrips, replyKeys, rolesIn } from "./support/asked.ts";

const twelve = Array.from({ length: 12 }, (_, n) => `agent-${n + 1}`);

describe("three agents round a table, of whom the second fails", () => {
  const failure =
    "[[agent_error]] agent=Bob type=model_error message=The model's provider answered with status 400.";

  async function holdRound() {
    const scene = await createTurnScene({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    await scene.models.script(
      says("ada", "Ada's own words"),
      says("bob", { status: 400 }),
      says("cy", "Cy closes"),
    );
    const answer = await scene.post("hello all");
    return { scene, answer, journal: await scene.models.journal() };
  }

  test("leave a partial turn whose replies stand in the order of their positions", async () => {
    const { scene, answer } = await holdRound();

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
    expect((await scene.read(answer.body.id)).body).toMatchObject(answer.body);
    expect(await scene.ledger()).toMatchObject([{ agent_key: "ada" }, { agent_key: "cy" }]);
  });

  test("the third is sent the first's words and the second's failure, after the user's", async () => {
    const { journal } = await holdRound();

    expect(journal.map(askedOf)).toEqual(["ada", "bob", "cy"]);
    expect(journal.map(conversationIn)).toEqual([
      ["hello all"],
      ["hello all", "[Ada]: Ada's own words"],
      ["hello all", "[Ada]: Ada's own words", `[Bob]: ${failure}`],
    ]);
  });

  test("each is sent its own role and nobody else's", async () => {
    const { journal } = await holdRound();
    expect(journal.map(rolesIn)).toEqual([["ada"], ["bob"], ["cy"]]);
    for (const { messages } of journal)
      expect(messages.filter(({ role }) => role === "system")).toHaveLength(1);
  });
});

test("agents answer in the order the room was last given, not in that of their making", async () => {
  const scene = await createTurnScene({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
  await scene.api
    .as(scene.owner)
    .put(`/rooms/${scene.roomId}/agents/order`, { agent_keys: ["cy", "ada", "bob"] });

  const { body } = await scene.post("hello");

  expect(replyKeys(body)).toEqual(["cy", "ada", "bob"]);
  expect((await scene.models.journal()).map(askedOf)).toEqual(["cy", "ada", "bob"]);
});

test("a round table of one is still a round table", async () => {
  const scene = await createTurnScene({ agents: [{ key: "ada", modelAlias: "qwen" }], mode: "roundtable" });

  const { body } = await scene.post("hello");

  expect(body).toMatchObject({ model_alias_used: "roundtable", status: "completed" });
  expect(body.assistant_output).toBe(body.replies[0].content);
  const [audit] = (await scene.read(body.id)).body.audit;
  expect(audit).toMatchObject({ model_alias: "qwen", model_alias_marker: "roundtable" });
});

test("a room without agents is refused before any call, and its claim is given back", async () => {
  const scene = await createTurnScene({ agents: [], mode: "roundtable" });

  const answer = await scene.post("hello", { key: "k" });

  expect(answer).toMatchObject({ status: 422, body: { code: "no_room_agents" } });
  expect(await scene.claim()).toBeUndefined();
  expect(await scene.rowCounts()).toEqual(noRows);
  expect(await scene.models.journal()).toEqual([]);
});

test("a full room of twelve speaks strictly one after another, each hearing all before it", async () => {
  const scene = await createTurnScene({ agents: twelve, mode: "roundtable" });
  await scene.models.script(...twelve.map((key) => says(key, `word of ${key}.`)));

  const { headers, body } = await scene.post("hello");

  expect(body.status).toBe("completed");
  expect(replyKeys(body)).toEqual(twelve);
  expect(databaseTrips(headers)).toBe("2");
  const journal = await scene.models.journal();
  expect(journal.map(askedOf)).toEqual(twelve);
  expect(journal.map(({ in_flight_at_arrival }) => in_flight_at_arrival)).toEqual(twelve.map(() => 1));
  const words = twelve.map((key) => `[${nameOf(key)}]: word of ${key}.`);
  for (const [place, call] of journal.entries()) {
    expect(conversationIn(call)).toEqual(["hello", ...words.slice(0, place)]);
    expect(rolesIn(call)).toEqual([twelve[place]]);
  }
});

test("a later agent waits for the one before it, also where that one is slow", async () => {
  const scene = await createTurnScene({ agents: ["ada", "bob"], mode: "roundtable" });
  await scene.models.script(says("ada", { text: "slow words", hold: "gate" }));

  const post = scene.post("hello");
  await scene.models.wait({ calls: 1 });
  const whileHeld = (await scene.models.journal()).map(askedOf);
  await scene.models.release("gate");
  const { body } = await post;

  expect(whileHeld).toEqual(["ada"]);
  expect(body.status).toBe("completed");
  expect(conversationIn(callsFor(await scene.models.journal(), "bob")[0])).toContain("[Ada]: slow words");
});

test("in the next turn an agent knows its own words as its own, and others' by their names", async () => {
  const scene = await createTurnScene({ agents: ["ada", "bob"], mode: "roundtable" });
  await scene.models.script(says("ada", "from Ada"), says("bob", "from Bob"));
  await scene.post("first");

  await scene.post("second");

  const call = callsFor(await scene.models.journal(), "bob")[1];
  expect(call?.messages.map(({ role, content }) => [role, content])).toEqual([
    ["system", expect.stringContaining(roleOf("bob"))],
    ["user", "first\n\n[Ada]: from Ada"],
    ["assistant", "from Bob"],
    ["user", "second\n\n[Ada]: from Ada"],
  ]);
});
