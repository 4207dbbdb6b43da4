import { describe, expect, test } from "vitest";
import type { JournalEntry } from "../support/models.ts";
import { createTurnFixture, roleOf, says } from "../support/turn-fixture.ts";

const said = ({ messages }: JournalEntry) => messages.slice(1).map(({ role, content }) => [role, content]);

function callOf(journal: JournalEntry[], agentKey: string, nth: number): JournalEntry {
  const calls = journal.filter(({ messages }) => messages[0]?.content.includes(roleOf(agentKey)));
  const call = calls[nth - 1];
  if (call === undefined) throw new Error(`${agentKey} was asked ${calls.length} times`);
  return call;
}

describe("a second turn", () => {
  test("shows each agent the first turn, with its own answer as its own and the others' marked", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], goal: "Ship it" });
    await fixture.models.script(
      says("ada", "I am Ada."),
      says("bob", "I am Bob.", 1),
      says("bob", "Bob again."),
      says("cy", { status: 400 }),
    );
    await fixture.post("@ada @bob @cy who are you?");
    await fixture.post("@bob @ada and now?");

    const journal = await fixture.models.journal();
    const failure =
      "[Cy]: [[agent_error]] agent=Cy type=model_error message=The model's provider answered with status 400.";
    expect(said(callOf(journal, "ada", 2))).toEqual([
      ["user", "@ada @bob @cy who are you?"],
      ["assistant", "I am Ada."],
      ["user", `[Bob]: I am Bob.\n\n${failure}\n\n@bob @ada and now?`],
    ]);
    expect(said(callOf(journal, "bob", 2))).toEqual([
      ["user", "@ada @bob @cy who are you?\n\n[Ada]: I am Ada."],
      ["assistant", "I am Bob."],
      ["user", `${failure}\n\n@bob @ada and now?`],
    ]);
    expect(said(callOf(journal, "cy", 1))).toEqual([["user", "@ada @bob @cy who are you?"]]);
  });

  test("gives each agent its own role, the room's goal and roster, and no other agent's role", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], goal: "Ship it" });
    await fixture.post("@ada @bob hello");
    await fixture.post("@ada @bob hello again");

    const journal = await fixture.models.journal();
    expect(journal).toHaveLength(4);
    for (const { messages } of journal) {
      const [system] = messages;
      const all = JSON.stringify(messages);
      const roles = ["ada", "bob"].filter((key) => all.includes(roleOf(key)));
      expect(roles).toHaveLength(1);
      expect(system).toMatchObject({
        role: "system",
        content: expect.stringContaining("Room goal: Ship it"),
      });
      expect(system?.content).toContain("- key: ada | name: Ada\n- key: bob | name: Bob");
    }
  });

  test("has in its audit what it was sent", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.post("@ada @bob hello");
    const { body } = await fixture.post("@ada hello again");

    expect((await fixture.read(body.id)).body.audit).toMatchObject([
      { agent_key: "ada", included: [[1, 3]], dropped: [], model_alias_marker: "deepseek" },
    ]);
  });

  test("has nothing of another session of the same room", async () => {
    const fixture = await createTurnFixture();
    await fixture.post("@ada a secret of this session");
    const otherSession = crypto.randomUUID();
    await fixture.sql`insert into sessions (id, room_id, started_by_user_id, created_at)
      values (${otherSession}, ${fixture.roomId}, ${fixture.owner.userId}, now())`;

    await fixture.api.as(fixture.owner).post(`/sessions/${otherSession}/turns`, { message: "@ada hello" });

    const [, second] = await fixture.models.journal();
    expect(JSON.stringify(second?.messages)).not.toContain("a secret of this session");
  });
});

test("a model request asks for a stream with usage, has the output limit, and offers no tools", async () => {
  const fixture = await createTurnFixture({ settings: { MAX_OUTPUT_TOKENS: "321" } });
  await fixture.post("@ada hello");

  const [call] = await fixture.models.journal();
  expect(call).toMatchObject({
    stream: true,
    tools: [],
    authorization_present: true,
    body: { max_tokens: 321, stream_options: { include_usage: true } },
  });
});
