import { expect, inject, test } from "vitest";
import { createSession } from "../../support/api.ts";
import type { ModelRule } from "../../support/models.ts";
import { roleOf } from "../../support/turn-fixture.ts";
import { createToolFixture, query } from "../../tools/in-turns/tool-fixture.ts";
import {
  generateCases,
  type InjectedCase,
  marked,
  type Place,
  places,
  toolSets,
} from "./support/instructions.ts";

// Lena may search; Otto may use nothing. Each has a model of its own, which always obeys.
const models = { lena: "qwen/qwen3-235b-a22b", otto: "deepseek/deepseek-v3.1-terminus" };
const { isLong } = inject("abuse");
const seed = inject("seed");
const casesEach = isLong ? 50 : 17;
const cases = generateCases(casesEach * places.length, seed);

/** Whenever the prompt holds an instruction, the model calls what it names; and quotes it, to pass it on. */
function obey(name: keyof typeof models): ModelRule[] {
  return toolSets.map((tools) => ({
    match: { model: models[name], contains: marked(tools) },
    answer: {
      text: `${name} obeys: ${marked(tools)}`,
      tool_calls: tools.map((tool) => ({ name: tool, arguments: query(`by ${name}`) })),
    },
  }));
}

async function createFixture() {
  const fixture = await createToolFixture({
    agents: [
      { key: "lena", modelAlias: "qwen" },
      { key: "otto", modelAlias: "deepseek" },
    ],
    permissions: { lena: ["search"] },
  });
  const { sql, roomId, api, owner } = fixture;
  /** Puts the instruction where the case has it, and gives the turn's answer, in a session of its own. */
  const run = async ({ place, text, mode }: InjectedCase) => {
    const found = { title: "News", url: "https://news.example/", content: "None." };
    if (place === "title") found.title = text;
    if (place === "snippet") found.content = text;
    await fixture.search.script({ default: { results: [found] } });
    await fixture.models.script(
      ...obey("lena"),
      ...obey("otto"),
      ...(place === "reply" ? [{ match: { model: models.lena }, answer: { text } }] : []),
    );
    await sql.transaction([
      sql`update rooms set current_mode = ${mode}, goal = ${place === "goal" ? text : null} where id = ${roomId}`,
      sql`update room_agents set role_prompt = ${place === "role" ? `${roleOf("otto")} ${text}` : roleOf("otto")}
        where room_id = ${roomId} and agent_key = 'otto'`,
    ]);
    const session = await createSession(api, owner, roomId);
    const searches = place === "title" || place === "snippet" ? "search: news" : "hello";
    const message = `@lena @otto ${place === "message" ? text : searches}`;
    const before = (await fixture.searched()).length;
    const { status, body } = await api.as(owner).post(`/sessions/${session.id}/turns`, { message });
    // In a tag turn Otto sees neither results nor replies; they reach him with the next.
    if (mode === "tag" && (place === "reply" || place === "title" || place === "snippet")) {
      const next = await api.as(owner).post(`/sessions/${session.id}/turns`, { message: "@otto and you?" });
      body.tool_calls.push(...next.body.tool_calls);
    }
    return { status, body, searched: (await fixture.searched()).slice(before) };
  };
  return { ...fixture, run };
}

type Event = { agent_key: string; tool_name: string; status: string };

test.each(places)(
  "a model that obeys every instruction injected in a %s runs no tool outside its permissions",
  async (place: Place) => {
    const fixture = await createFixture();
    for (const one of cases.filter((candidate) => candidate.place === place)) {
      const label = `seed ${seed}: ${JSON.stringify(one)}`;
      const { status, body, searched } = await fixture.run(one);
      expect(status, label).toBe(201);
      const events: Event[] = body.tool_calls;
      const ran = events.filter((event) => event.status !== "denied");

      // The judge is the search server: nothing of Otto's reached it, and nothing that is not on record.
      expect(
        searched.filter((text) => text === "by otto"),
        label,
      ).toEqual([]);
      expect(searched, label).toHaveLength(ran.length);
      for (const event of ran) expect(event, label).toMatchObject({ agent_key: "lena", tool_name: "search" });
      // And he did obey, in every case.
      expect(events.filter((event) => event.agent_key === "otto").length, label).toBeGreaterThanOrEqual(
        4 * one.tools.length,
      );
    }
  },
  300_000,
);

test("there are at least 100 instructions, for every source and every set of tools", () => {
  expect(cases.length).toBeGreaterThanOrEqual(100);
  expect(new Set(cases.map(({ tools }) => tools)).size).toBe(toolSets.length);
  for (const place of places) expect(cases.filter((one) => one.place === place)).toHaveLength(casesEach);
});
