import { expect, test } from "vitest";
import type { RoomMode } from "../../../src/domain/plan/modes.ts";
import { eventsOf, joinDeltas, readEvents } from "../../support/event-reader.ts";
import type { ModelRule } from "../../support/models.ts";
import { nameOf, roleOf, says } from "../../support/turn-fixture.ts";
import { createToolFixture, promptOf, searchesFor } from "./tool-fixture.ts";

const agents = ["ada", "bob", "cyd"];
const permissions = { ada: ["search"], cyd: ["search"] };
const manager: ModelRule = {
  match: { contains: "selected_agent_keys" },
  answer: { text: JSON.stringify({ selected_agent_keys: agents }) },
};
const modes: [RoomMode, string, ModelRule[]][] = [
  ["tag", "@ada @bob @cyd what is new?", []],
  ["manual", "@ada @bob @cyd what is new?", []],
  ["roundtable", "what is new?", []],
  ["orchestrator", "what is new?", [manager]],
];

/** Ada and Cyd search, Bob tries to. */
async function createFixture(mode: RoomMode, rules: ModelRule[]) {
  const fixture = await createToolFixture({ agents, mode, permissions });
  // The manager is shown the roles as well.
  const first = 1 + rules.length;
  await fixture.models.script(
    ...rules,
    ...agents.flatMap((key) => [
      says(key, { text: `${key} looks.`, ...searchesFor(`by ${key}`) }, first),
      says(key, `${key} is done.`, first + 1),
    ]),
  );
  return fixture;
}

const recorded = [
  { agent_key: "ada", status: "success", round: 1, input: { query: "by ada" } },
  { agent_key: "bob", status: "denied", round: 1 },
  { agent_key: "cyd", status: "success", round: 1, input: { query: "by cyd" } },
];
const byAgent = (one: { agent_key: string }, other: { agent_key: string }) =>
  one.agent_key.localeCompare(other.agent_key);
const done = agents.map((key) => ({ agent_key: key, status: "completed", content: `${key} is done.` }));
const twoRounds = agents.flatMap((key) => [`${key} 1`, `${key} 2`]);

test.each(modes)("in mode %s agents use the tools that they may use", async (mode, message, rules) => {
  const fixture = await createFixture(mode, rules);

  const { body, headers } = await fixture.post(message);

  expect(body).toMatchObject({ status: "completed", replies: done });
  expect(body.tool_calls.toSorted(byAgent)).toMatchObject(recorded);
  expect((await fixture.searched()).toSorted()).toEqual(["by ada", "by cyd"]);
  expect(await fixture.rounds()).toEqual(twoRounds);
  expect(headers.get("Server-Timing")).toContain('db;desc="2"');
  expect((await fixture.read(body.id)).body.tool_calls).toEqual(body.tool_calls);
  // No agent is shown what another agent wrote, or what its tools returned, before its answer.
  for (const call of (await fixture.models.journal()).slice(rules.length)) {
    const others = agents.filter((key) => !promptOf(call).includes(roleOf(key)));
    for (const other of others) {
      expect(promptOf(call)).not.toContain(`by ${other}`);
      expect(promptOf(call)).not.toContain(`${other} looks.`);
    }
  }
});

test.each(modes)("in mode %s a stream has the tool events", async (mode, message, rules) => {
  const fixture = await createFixture(mode, rules);

  const events = await readEvents(await fixture.stream(message)).all();

  expect(events.at(-1)).toMatchObject({
    type: "RUN_FINISHED",
    result: { status: "completed", replies: done },
  });
  const [finished] = eventsOf(events, "RUN_FINISHED");
  const stored: { agent_key: string; output: unknown }[] = Object(finished?.result).tool_calls;
  const runs = new Map(
    eventsOf(events, "SUBAGENT_STARTED").map((event) => [event.name, event.subagentRunId]),
  );
  for (const key of agents) {
    const part = events.filter(
      (event) => "subagentRunId" in event && event.subagentRunId === runs.get(nameOf(key)),
    );
    const types = part.flatMap(({ type }) => (type.startsWith("TOOL_CALL") ? [type] : []));
    expect(types).toEqual(["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "TOOL_CALL_RESULT"]);
    const [result] = eventsOf(part, "TOOL_CALL_RESULT");
    const shown = JSON.parse(String(result?.content));
    if (key === "bob") expect(shown).toMatchObject({ error: { code: "tool_not_permitted" } });
    else expect(shown).toEqual(stored.find(({ agent_key }) => agent_key === key)?.output);
    const [, reply] = eventsOf(part, "TEXT_MESSAGE_START");
    expect(joinDeltas(events, reply?.messageId ?? "")).toBe(`${key} is done.`);
  }
  expect((await fixture.searched()).toSorted()).toEqual(["by ada", "by cyd"]);
});

test("the recorded calls of parallel agents have the same order in every read", async () => {
  const fixture = await createToolFixture({ agents });
  const keys = agents.map((key) => `@${key}`).join(" ");
  await fixture.search.script({ answers: [{ delay_ms: 90 }, { delay_ms: 45 }, {}] });
  await fixture.models.script(
    says("ada", searchesFor("by ada"), 1),
    says("bob", { ...searchesFor("by bob"), delay_ms: 10 }, 1),
    says("cyd", { ...searchesFor("by cyd"), delay_ms: 20 }, 1),
  );

  const posted = await fixture.post(`${keys} go`, { key: "k" });
  const replayed = await fixture.post(`${keys} go`, { key: "k" });

  expect((await fixture.read(posted.body.id)).body.tool_calls).toEqual(posted.body.tool_calls);
  expect(replayed.body).toEqual(posted.body);
});

test("a trigger applies to every agent with the permission; in orchestrator mode to the picked ones", async () => {
  const fixture = await createToolFixture({ agents, mode: "orchestrator" });
  await fixture.models.script({
    match: { contains: "selected_agent_keys" },
    answer: { text: JSON.stringify({ selected_agent_keys: ["cyd", "ada"] }) },
  });

  const { body } = await fixture.post("search: cats");

  expect(body.tool_calls).toMatchObject([
    { agent_key: "cyd", round: 0, status: "success" },
    { agent_key: "ada", round: 0, status: "success" },
  ]);
  const [routing] = await fixture.models.journal();
  expect(routing?.tools).toEqual([]);
});
