import { expect, test } from "vitest";
import { eventsOf, readEvents } from "../../support/event-reader.ts";
import {
  agentSays,
  callsFor,
  laterAgentSays,
  managerPicksInRounds,
  replySteps,
  synthesisSays,
} from "../../turn/modes/support/model-calls.ts";
import { createToolFixture, searchesFor, textsOf } from "./tool-fixture.ts";

/** Ada searches before each of her two answers. */
async function askTwice(message: string) {
  const fixture = await createToolFixture({
    agents: ["ada"],
    mode: "orchestrator",
    orchestration: { maxRounds: 2 },
  });
  await fixture.models.script(
    ...managerPicksInRounds(["ada"], ["ada"]),
    laterAgentSays("ada", { text: "let me look", ...searchesFor("second") }, 1),
    laterAgentSays("ada", "two"),
    agentSays("ada", { text: "let me look", ...searchesFor("first") }, 1),
    agentSays("ada", "one"),
  );
  const events = await readEvents(await fixture.stream(message)).all();
  const [turn] = await fixture.turns();
  return { fixture, events, detail: (await fixture.read(turn?.id ?? "")).body };
}

test("the tool calls of an agent that is asked twice belong to their own step, on record and in the stream", async () => {
  const { fixture, events, detail } = await askTwice("hello");

  expect(detail.tool_calls).toMatchObject([
    { step: "ada#1", input: { query: "first" } },
    { step: "ada#2", input: { query: "second" } },
  ]);
  const traces = await fixture.privateMessages();
  expect(traces.map(({ step, role }) => `${step} ${role}`)).toEqual([
    ...["ada#1 assistant", "ada#1 tool", "ada#2 assistant", "ada#2 tool"],
  ]);
  const ledger = detail.llm_calls.map(
    ({ step, round }: { step: string; round: number }) => `${step} ${round}`,
  );
  expect(ledger.toSorted()).toEqual(["ada#1 1", "ada#1 2", "ada#2 1", "ada#2 2"]);
  const runIds = eventsOf(events, "SUBAGENT_STARTED").map(({ subagentRunId }) => subagentRunId);
  const tools = eventsOf(events, "TOOL_CALL_START");
  expect(tools.map((event) => runIds.indexOf(event.subagentRunId ?? ""))).toEqual([0, 1]);
  expect(new Set(tools.map(({ toolCallId }) => toolCallId)).size).toBe(2);
});

test("an agent that is asked again is not sent what its tools gave it the first time", async () => {
  const { fixture } = await askTwice("hello");

  const calls = callsFor(await fixture.models.journal(), "ada");

  expect(calls.map((call) => textsOf(call, "tool").length)).toEqual([0, 1, 0, 1]);
  expect(textsOf(calls[3], "tool")[0]).toContain("second");
});

test("a message that asks for a search by its first words has one, however often its agent is asked", async () => {
  const { fixture } = await askTwice("search: boats");
  expect(await fixture.searched()).toEqual(["boats", "first", "second"]);
});

test("an agent that writes the synthesis has its tools there, and only there what they gave it", async () => {
  const fixture = await createToolFixture({
    agents: ["ada", "bob"],
    mode: "tag",
    orchestration: { synthesis: "bob" },
  });
  await fixture.models.script(
    synthesisSays(searchesFor("third"), 1),
    synthesisSays("in one"),
    agentSays("ada", searchesFor("first"), 1),
    agentSays("ada", "one"),
    agentSays("bob", searchesFor("second"), 1),
    agentSays("bob", "two"),
  );

  const { body } = await fixture.post("@ada @bob hello");

  expect(replySteps(body)).toEqual(["ada#1", "bob#1", "synthesis"]);
  expect(body).toMatchObject({ status: "completed", assistant_output: "in one" });
  const searches = body.tool_calls.map(({ step, input }: { step: string; input: { query: string } }) => [
    step,
    input.query,
  ]);
  expect(new Map(searches)).toEqual(
    new Map([
      ["ada#1", "first"],
      ["bob#1", "second"],
      ["synthesis", "third"],
    ]),
  );
  const [, last] = callsFor(await fixture.models.journal(), "synthesis");
  expect(textsOf(last, "tool")).toEqual([expect.stringContaining("third")]);
});

test("an agent without tools has none in its synthesis either", async () => {
  const fixture = await createToolFixture({
    agents: ["ada", "bob"],
    mode: "tag",
    orchestration: { synthesis: "bob" },
    permissions: { ada: ["search"], bob: [] },
  });
  await fixture.models.script(synthesisSays(searchesFor("third"), 1), synthesisSays("in one"));

  const { body } = await fixture.post("@ada hello");

  expect(body).toMatchObject({ status: "completed", tool_calls: [{ step: "synthesis", status: "denied" }] });
  expect(await fixture.searched()).toEqual([]);
});
