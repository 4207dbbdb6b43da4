import { describe, expect, test } from "vitest";
import type { RoomMode } from "../../../src/domain/plan/modes.ts";
import { runTurn } from "../../../src/runtime/graph/run-turn.ts";
import { createModels } from "../../support/models.ts";
import { createTurnFixture } from "../../support/turn-fixture.ts";
import { createFakeTools } from "./support/fake-tools.ts";
import { createPorts } from "./support/graph-run.ts";
import { storedSummaries } from "./support/history.ts";
import { agentSays, callsFor, conversationIn, databaseTrips, managerPicks } from "./support/model-calls.ts";
import { retry, transcripts } from "./support/retry-fixture.ts";

const asks = (id: string, query: string) => ({ name: "search", id, arguments: JSON.stringify({ query }) });
const found = (query: string) => `search found {"query":"${query}"}`;
const trace = (query: string) => `What your tool 'search' told you earlier:\n${found(query)}`;

/** A room of `ada`, who may search, and `bob`, who may not; with the tests' own tools behind the runtime's port. */
async function createToolFixture(mode: RoomMode, settings: Record<string, string> = {}) {
  const models = createModels();
  const tools = createFakeTools(["search"]);
  const fixture = await createTurnFixture({
    agents: ["ada", "bob"],
    mode,
    settings,
    deps: {
      runTurn: (run, ports) =>
        runTurn(run, createPorts(models, tools.port, { summaryGraceMs: 60_000, ...ports })),
    },
  });
  await fixture.sql`update room_agents set tool_permissions = '["search"]' where room_id = ${fixture.roomId}
    and agent_key = 'ada'`;
  return { ...fixture, models, tools };
}

const storedMessages = ({ sql, sessionId }: Awaited<ReturnType<typeof createToolFixture>>) =>
  sql`select seq, role, agent_key, visibility, content from messages where session_id = ${sessionId} order by seq`;

const looksUp = [
  managerPicks("ada", "bob"),
  agentSays("ada", { text: "Let me look.", tool_calls: [asks("1", "red"), asks("2", "blue")] }, 1),
  agentSays("ada", "Red it is."),
  agentSays("bob", "I agree."),
];

describe.each(["tag", "roundtable", "orchestrator"] as const)("a turn with tools in mode %s", (mode) => {
  test("stores a row for each tool call and the private messages before the reply, with two requests to the database", async () => {
    const fixture = await createToolFixture(mode);
    await fixture.models.script(...looksUp);

    const { headers, body } = await fixture.post("@ada @bob hello");

    expect(body).toMatchObject({ status: "completed", usage: { calls: 3 } });
    expect(databaseTrips(headers)).toBe("2");
    expect(headers.get("Server-Timing")).toMatch(/tools;dur=\d+/);
    expect(body.tool_calls).toMatchObject([
      { agent_key: "ada", round: 1, tool_name: "search", status: "success" },
      { agent_key: "ada", round: 1, tool_name: "search", status: "success" },
    ]);
    expect((await fixture.read(body.id)).body.tool_calls).toEqual(body.tool_calls);
    expect(await storedMessages(fixture)).toMatchObject([
      { seq: 1, role: "user", visibility: "shared" },
      { seq: 2, role: "assistant", agent_key: "ada", visibility: "private", content: "Let me look." },
      { seq: 3, role: "tool", agent_key: "ada", visibility: "private", content: trace("red") },
      { seq: 4, role: "tool", agent_key: "ada", visibility: "private", content: trace("blue") },
      { seq: 5, role: "assistant", agent_key: "ada", visibility: "shared", content: "Red it is." },
      { seq: 6, role: "assistant", agent_key: "bob", visibility: "shared", content: "I agree." },
    ]);
    expect((await transcripts(fixture)).currentReply).toHaveLength(3);
  });

  test("shows the results in later prompts of the agent that called the tool, and of no other", async () => {
    const fixture = await createToolFixture(mode);
    await fixture.models.script(...looksUp);
    await fixture.post("@ada @bob hello");

    const { body } = await fixture.post("@ada @bob and now?");

    const journal = await fixture.models.journal();
    const ada = conversationIn(callsFor(journal, "ada").at(-1));
    expect(ada.slice(0, 6)).toEqual([
      "@ada @bob hello",
      "Let me look.",
      trace("red"),
      trace("blue"),
      "Red it is.",
      "[Bob]: I agree.",
    ]);
    const bob = callsFor(journal, "bob").at(-1);
    expect(conversationIn(bob).slice(0, 3)).toEqual(["@ada @bob hello", "[Ada]: Red it is.", "I agree."]);
    expect(JSON.stringify(bob)).not.toContain("search found");
    expect((await fixture.read(body.id)).body.audit).toMatchObject([
      { agent_key: "ada", included: [[1, 6]], dropped: [] },
      {
        agent_key: "bob",
        included: [
          [1, 1],
          [5, 6],
        ],
        dropped: [],
      },
    ]);
  });
});

test("an agent that fails after a tool call keeps its private messages, and its retry adds its own", async () => {
  const fixture = await createToolFixture("roundtable");
  await fixture.models.script(
    agentSays("ada", { tool_calls: [asks("1", "red")] }, 1),
    agentSays("ada", { status: 400 }, 2),
    agentSays("ada", { tool_calls: [asks("2", "blue")] }, 3),
    agentSays("ada", "Blue it is."),
  );
  const { body: first } = await fixture.post("hello");

  const { body } = await retry(fixture, first.id);

  expect(first).toMatchObject({ status: "partial", tool_calls: [{ round: 1 }] });
  expect(body).toMatchObject({ status: "completed", tool_calls: [{ round: 1 }, { round: 1 }] });
  expect((await fixture.read(body.id)).body.tool_calls).toEqual(body.tool_calls);
  expect((await storedMessages(fixture)).map(({ content }) => content)).toEqual([
    "hello",
    trace("red"),
    expect.stringContaining("[[agent_error]] agent=Ada"),
    "ok from deepseek/deepseek-v3.1-terminus",
    trace("blue"),
    "Blue it is.",
  ]);
  const rows =
    await fixture.sql`select round, run_id from llm_call_events where session_id = ${fixture.sessionId}
    and agent_key = 'ada' order by created_at, round`;
  expect(rows.map(({ round }) => round)).toEqual([1, 1, 2]);
});

test("a summary covers a turn with tool calls and contains none of their texts", async () => {
  const fixture = await createToolFixture("tag", {
    CONTEXT_SUMMARY_EVERY_TURNS: "2",
    CONTEXT_KEEP_RAW_TURNS: "1",
  });
  await fixture.models.script(...looksUp);
  for (const n of [1, 2, 3, 4]) await fixture.post(`@ada @bob turn ${n}`);

  expect(await storedSummaries(fixture)).toMatchObject([{ from_seq: 1, to_seq: 6, made_in_turn_index: 3 }]);
  const journal = await fixture.models.journal();
  const shown = callsFor(journal, "summary_text")[0]?.messages[1]?.content;
  expect(shown).toContain("Red it is.");
  expect(shown).not.toContain("search found");
  expect(shown).not.toContain("Let me look.");
  const ada = conversationIn(callsFor(journal, "ada").at(-1));
  expect(ada[0]).toContain("Summary of the earlier conversation");
  expect(ada.join()).not.toContain("search found");
});
