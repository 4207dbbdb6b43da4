import type { AGUIEvent } from "@ag-ui/core";
import { expect, test } from "vitest";
import { eventsOf, joinDeltas, readEvents } from "../support/event-reader.ts";
import { createStreamFixture } from "../support/streams.ts";
import { says } from "../support/turn-fixture.ts";

const asksFor = (query: string, id: string) => ({
  tool_calls: [{ id, name: "search", arguments: JSON.stringify({ query }) }],
});

/** What one agent's part in the run was, event by event. */
function partOf(events: readonly AGUIEvent[], name: string): AGUIEvent[] {
  const [started] = eventsOf(events, "SUBAGENT_STARTED").filter((event) => event.name === name);
  return events.filter((event) => "subagentRunId" in event && event.subagentRunId === started?.subagentRunId);
}

async function createToolFixture(mode: "manual" | "roundtable", agents: string[], permissions: string[]) {
  const fixture = await createStreamFixture({ agents, mode });
  await fixture.sql`update room_agents set tool_permissions = ${JSON.stringify(permissions)}::jsonb
    where room_id = ${fixture.roomId}`;
  return fixture;
}

test("an answer with tool calls is a message of its own, followed by its calls and results", async () => {
  const fixture = await createToolFixture("manual", ["ada"], ["search"]);
  await fixture.models.script(
    says("ada", { deltas: ["I will ", "look."], ...asksFor("cats", "call_0") }, 1),
    says("ada", asksFor("dogs", "call_0"), 2),
    says("ada", "Found.", 3),
  );
  const events = await readEvents(await fixture.stream("@ada go")).all();
  const [turn] = await fixture.turns();
  expect(partOf(events, "Ada").map(({ type }) => type)).toEqual([
    "SUBAGENT_STARTED",
    "TEXT_MESSAGE_START",
    "TEXT_MESSAGE_CONTENT",
    "TEXT_MESSAGE_CONTENT",
    "TEXT_MESSAGE_END",
    ...["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "TOOL_CALL_RESULT"],
    ...["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "TOOL_CALL_RESULT"],
    "TEXT_MESSAGE_START",
    "TEXT_MESSAGE_CONTENT",
    "TEXT_MESSAGE_END",
    "SUBAGENT_FINISHED",
  ]);
  const [spoken, reply] = eventsOf(events, "TEXT_MESSAGE_START");
  expect(reply?.messageId).toBe(turn?.replies[0]?.message_id);
  expect(joinDeltas(events, reply?.messageId ?? "")).toBe("Found.");
  expect(joinDeltas(events, spoken?.messageId ?? "")).toBe("I will look.");
  const [first, second] = eventsOf(events, "TOOL_CALL_START");
  expect([first?.parentMessageId, second?.parentMessageId]).toEqual([spoken?.messageId, undefined]);
  expect(first?.toolCallId).not.toBe(second?.toolCallId);
  expect(eventsOf(events, "TOOL_CALL_ARGS").map(({ delta }) => JSON.parse(delta))).toEqual([
    { query: "cats" },
    { query: "dogs" },
  ]);
  expect(eventsOf(events, "TOOL_CALL_RESULT").map(({ toolCallId }) => toolCallId)).toEqual([
    first?.toolCallId,
    second?.toolCallId,
  ]);
  const stored = await fixture.sql`select id, role from messages
    where session_id = ${fixture.sessionId} and visibility = 'private' order by seq`;
  const results = eventsOf(events, "TOOL_CALL_RESULT").map(({ messageId }) => messageId);
  expect(stored.map(({ id }) => id)).toEqual([spoken?.messageId, ...results]);
});

test("calls of two agents with the same id are distinct", async () => {
  const fixture = await createToolFixture("manual", ["ada", "bob"], ["search"]);
  await fixture.models.script(
    says("ada", asksFor("for ada", "call_0"), 1),
    says("bob", asksFor("for bob", "call_0"), 1),
    { answer: { text: "done" } },
  );
  const events = await readEvents(await fixture.stream("@ada @bob go")).all();
  for (const [name, query] of [
    ["Ada", "for ada"],
    ["Bob", "for bob"],
  ] as const) {
    const part = partOf(events, name);
    const ids = part.flatMap((event) => ("toolCallId" in event ? [event.toolCallId] : []));
    expect(new Set(ids).size).toBe(1);
    expect(eventsOf(part, "TOOL_CALL_ARGS").map(({ delta }) => delta)).toEqual([JSON.stringify({ query })]);
  }
});

test("a call that is not permitted is streamed with its refusal", async () => {
  const fixture = await createToolFixture("manual", ["ada"], []);
  await fixture.models.script(says("ada", asksFor("secrets", "c"), 1), says("ada", "I may not.", 2));
  const events = await readEvents(await fixture.stream("@ada go")).all();
  const [result] = eventsOf(events, "TOOL_CALL_RESULT");
  expect(JSON.parse(String(result?.content))).toMatchObject({ error: { code: "tool_not_permitted" } });
  expect(events.at(-1)).toMatchObject({ result: { tool_calls: [{ status: "denied" }] } });
});

test("the agents of a roundtable are streamed one after another", async () => {
  const fixture = await createToolFixture("roundtable", ["ada", "bob", "cyd"], []);
  await fixture.models.script(says("bob", { status: 400 }), { answer: { text: "Well said." } });
  const events = await readEvents(await fixture.stream("go")).all();
  const [turn] = await fixture.turns();
  const types = events.flatMap((event) => (event.type.startsWith("SUBAGENT") ? [event.type] : []));
  expect(types).toEqual([
    ...["SUBAGENT_STARTED", "SUBAGENT_FINISHED"],
    ...["SUBAGENT_STARTED", "SUBAGENT_ERROR"],
    ...["SUBAGENT_STARTED", "SUBAGENT_FINISHED"],
  ]);
  expect(eventsOf(events, "SUBAGENT_STARTED").map(({ name }) => name)).toEqual(["Ada", "Bob", "Cyd"]);
  expect(events.at(-1)).toMatchObject({ result: { id: turn?.id, status: "partial" } });
});

test("an orchestrator's stream has its agents, and no text of the manager", async () => {
  const fixture = await createStreamFixture(
    { agents: ["ada", "bob"], mode: "orchestrator" },
    { match: { call: 1 }, answer: { text: JSON.stringify({ selected_agent_keys: ["bob"] }) } },
    says("bob", "Mine."),
  );
  const events = await readEvents(await fixture.stream("who?")).all();
  expect(eventsOf(events, "SUBAGENT_STARTED").map(({ name }) => name)).toEqual(["Bob"]);
  expect(eventsOf(events, "TEXT_MESSAGE_CONTENT").map(({ delta }) => delta)).toEqual(["Mine."]);
  expect(await fixture.calls()).toBe(2);
});
