import { describe, expect, test } from "vitest";
import { turnBounds } from "../../../src/domain/turn/turn-limiter.ts";
import type { JournalEntry, ModelAnswer } from "../../support/models.ts";
import type { PlanForm } from "../../support/plans.ts";
import { createFakeTools } from "./support/fake-tools.ts";
import { createGraphTurn } from "./support/graph-run.ts";
import { agentSays, callerOf, callsFor, conversationIn, managerPicks } from "./support/model-calls.ts";

const flows: PlanForm[] = ["parallel", "sequence", "routed"];
const asks = (name: string, id: string, query: string) => ({
  name,
  id,
  arguments: JSON.stringify({ query }),
});
/** The messages as they went over the wire, tool call ids and all, without the instructions. */
const wireMessages = ({ body }: JournalEntry) => (body.messages as object[]).slice(1);

test("a tool's result is sent to the model under the id of its call, and the next answer is the reply", async () => {
  const tools = createFakeTools(["search"]);
  const turn = createGraphTurn({ agents: { ada: ["search"] }, tools: tools.port });
  await turn.models.script(
    agentSays("ada", { tool_calls: [asks("search", "call-7", "boats")] }, 1),
    agentSays("ada", "Boats float."),
  );

  const outcome = await turn.run();

  expect(outcome.replies).toMatchObject([{ agentKey: "ada", status: "completed", content: "Boats float." }]);
  expect(tools.executed).toMatchObject([
    { name: "search", argumentsText: '{"query":"boats"}', permissions: ["search"] },
  ]);
  const [first, second, ...others] = await turn.models.journal();
  expect(others).toEqual([]);
  expect(first?.tools.map(({ name }) => name)).toEqual(["search"]);
  expect(first?.body.tool_choice).toBe("auto");
  expect(second && wireMessages(second)).toEqual([
    { role: "user", content: "hello" },
    {
      role: "assistant",
      content: null,
      tool_calls: [
        { id: "call-7", type: "function", function: { name: "search", arguments: '{"query":"boats"}' } },
      ],
    },
    { role: "tool", tool_call_id: "call-7", content: 'search found {"query":"boats"}' },
  ]);
  expect(outcome.toolEvents).toMatchObject([
    { agentKey: "ada", round: 1, toolName: "search", status: "success", latencyMs: 1 },
  ]);
  expect(outcome.calls.map(({ round }) => round)).toEqual([1, 2]);
});

test("four calls of one answer run at the same time, and their results have the order of the calls", async () => {
  const everybody = Promise.withResolvers<void>();
  const ended: string[] = [];
  let started = 0;
  const tools = createFakeTools(["search"], async ({ argumentsText }) => {
    started += 1;
    if (started === 4) everybody.resolve();
    await everybody.promise;
    // The last to start is the first to end.
    for (let turns = 4 - Number(/\d/.exec(argumentsText)?.[0]); turns > 0; turns -= 1) await null;
    ended.push(argumentsText);
    return {};
  });
  const turn = createGraphTurn({ agents: { ada: ["search"] }, tools: tools.port });
  const calls = [1, 2, 3, 4].map((n) => asks("search", `call-${n}`, `q${n}`));
  await turn.models.script(agentSays("ada", { tool_calls: calls }, 1), agentSays("ada", "done"));

  const outcome = await turn.run();

  expect(tools.maxInFlight()).toBe(4);
  const inOrder = calls.map((call) => call.arguments);
  expect(ended).not.toEqual(inOrder);
  const [, second] = await turn.models.journal();
  const results = second ? wireMessages(second).slice(2) : [];
  expect(results).toEqual(
    calls.map((call) => ({ role: "tool", tool_call_id: call.id, content: `search found ${call.arguments}` })),
  );
  expect(outcome.toolEvents).toHaveLength(4);
  expect(outcome.privateMessages.map(({ content }) => content)).toEqual(
    inOrder.map((found) => `What your tool 'search' told you earlier:\nsearch found ${found}`),
  );
});

describe("a model that calls tools in every answer", () => {
  const again: ModelAnswer = { tool_calls: [asks("search", "call", "more")] };

  test("must answer after four of them", async () => {
    const tools = createFakeTools(["search"]);
    const turn = createGraphTurn({ agents: { ada: ["search"] }, tools: tools.port });
    await turn.models.script(
      ...[1, 2, 3, 4].map((n) => agentSays("ada", again, n)),
      agentSays("ada", { text: "Enough.", tool_calls: again.tool_calls ?? [] }),
    );

    const outcome = await turn.run();

    expect(outcome.replies).toMatchObject([{ status: "completed", content: "Enough." }]);
    expect(tools.executed).toHaveLength(4);
    expect(outcome.toolEvents.map(({ round }) => round)).toEqual([1, 2, 3, 4]);
    const journal = await turn.models.journal();
    expect(journal.map(({ body }) => body.tool_choice)).toEqual(["auto", "auto", "auto", "auto", "none"]);
    expect(outcome.calls.map(({ round }) => round)).toEqual([1, 2, 3, 4, 5]);
  });

  test.each(flows)("fails alone where it calls a tool even then (%s)", async (flow) => {
    const tools = createFakeTools(["search"]);
    const agents = { ada: ["search"], bob: [] };
    const turn = createGraphTurn({ agents, tools: tools.port, flow });
    await turn.models.script(
      managerPicks("ada", "bob"),
      agentSays("ada", again),
      agentSays("bob", "Bob answers."),
    );

    const outcome = await turn.run();

    expect(outcome.replies).toMatchObject([
      { agentKey: "ada", status: "failed", failure: { code: "model_bad_response" } },
      { agentKey: "bob", status: "completed" },
    ]);
    expect(tools.executed).toHaveLength(4);
    expect(callsFor(await turn.models.journal(), "ada")).toHaveLength(5);
  });

  test("ends for each agent of a room of twelve", async () => {
    const tools = createFakeTools(["search"]);
    const keys = Array.from({ length: 12 }, (_, n) => `agent-${n}`);
    const agents = Object.fromEntries(keys.map((key) => [key, ["search"]]));
    const turn = createGraphTurn({ agents, tools: tools.port, message: "search: boats" });
    await turn.models.script({ answer: again });

    const outcome = await turn.run();

    expect(outcome.replies.map(({ status }) => status)).toEqual(keys.map(() => "failed"));
    expect(await turn.models.journal()).toHaveLength(12 * 5);
    expect(outcome.toolEvents).toHaveLength(12 * 5);
    expect(tools.executed).toHaveLength(turnBounds.maxToolCallsPerTurn);
  });
});

describe("the results of tools in a prompt", () => {
  test.each([
    ["a result", { name: "search", id: "1", arguments: "{}" }, "found ".repeat(5_000)],
    ["arguments", asks("search", "1", "words ".repeat(6_000)), "found nothing"],
  ])(
    "count towards the window: an agent without room because it %s fails without another call",
    async (_what, call, content) => {
      const tools = createFakeTools(["search"], async () => ({ content }));
      const turn = createGraphTurn({
        agents: { ada: ["search"] },
        tools: tools.port,
        contextWindowTokens: 8_192,
      });
      await turn.models.script(agentSays("ada", { tool_calls: [call] }));

      const outcome = await turn.run();

      expect(outcome.replies).toMatchObject([
        { status: "failed", failure: { code: "context_budget_exceeded" } },
      ]);
      expect(await turn.models.journal()).toHaveLength(1);
      expect(outcome.toolEvents).toHaveLength(1);
      expect(outcome.calls).toHaveLength(1);
    },
  );
});

test("tool calls without reported usage are estimated as input and as output", async () => {
  const tools = createFakeTools(["search"]);
  const turn = createGraphTurn({ agents: { ada: ["search"] }, tools: tools.port });
  const call = asks("search", "1", "words ".repeat(400));
  await turn.models.script(
    agentSays("ada", { tool_calls: [call], usage: null }, 1),
    agentSays("ada", { text: "Hm.", usage: null }),
  );

  const [first, second] = (await turn.run()).calls;

  expect(first).toMatchObject({ usageSource: "estimated", usage: { cached: 0 } });
  expect(first?.usage.output).toBeGreaterThan(300);
  // The second prompt holds the arguments twice: as they were asked, and in the fake tool's result.
  expect(second?.usage.fresh).toBeGreaterThan(2 * 300 + (first?.usage.fresh ?? 0));
});

describe("the text of an agent before its reply", () => {
  test("is private and in order, and the reply is the last answer only", async () => {
    const tools = createFakeTools(["search"]);
    const turn = createGraphTurn({ agents: { ada: ["search"], bob: [] }, tools: tools.port });
    await turn.models.script(
      agentSays(
        "ada",
        { text: "Let me look.", tool_calls: [asks("search", "1", "a"), asks("search", "2", "b")] },
        1,
      ),
      agentSays("ada", { text: "And once more.", tool_calls: [asks("search", "3", "c")] }, 2),
      agentSays("ada", "Here it is."),
    );

    const outcome = await turn.run();

    const trace = (query: string) =>
      `What your tool 'search' told you earlier:\nsearch found {"query":"${query}"}`;
    expect(outcome.privateMessages.map(({ agentKey, role, content }) => [agentKey, role, content])).toEqual([
      ["ada", "assistant", "Let me look."],
      ["ada", "tool", trace("a")],
      ["ada", "tool", trace("b")],
      ["ada", "assistant", "And once more."],
      ["ada", "tool", trace("c")],
    ]);
    expect(outcome.replies[0]).toMatchObject({ content: "Here it is." });
    const [call] = callsFor(await turn.models.journal(), "bob");
    expect(conversationIn(call)).toEqual(["hello", "[Ada]: Here it is."]);
  });

  test("has the message ids of its events, each its own", async () => {
    const tools = createFakeTools(["search"]);
    const turn = createGraphTurn({ agents: { ada: ["search"] }, tools: tools.port });
    await turn.models.script(
      agentSays("ada", { text: "Let me look.", tool_calls: [asks("search", "1", "a")] }, 1),
      agentSays("ada", "Here it is."),
    );

    const outcome = await turn.run();

    const textOf = new Map<string, string>();
    for (const event of turn.events) {
      if (event.type === "text_delta")
        textOf.set(event.messageId, (textOf.get(event.messageId) ?? "") + event.delta);
    }
    const spoken = outcome.privateMessages.filter(({ role }) => role === "assistant");
    expect([...textOf]).toEqual([
      ...spoken.map(({ id, content }) => [id, content]),
      ...outcome.replies.map((reply) => [reply.messageId, "Here it is."]),
    ]);
    const ids = [...outcome.privateMessages.map(({ id }) => id), ...outcome.toolEvents.map(({ id }) => id)];
    expect(new Set([...ids, outcome.replies[0]?.messageId]).size).toBe(4);
  });
});

describe.each(flows)("tools in the plan %s", (flow) => {
  test("belong to each agent: each has its own results, its own requests and its own reply", async () => {
    const tools = createFakeTools(["search", "file_read"]);
    const agents = { ada: ["search"], bob: ["file_read", "search"], cy: [] };
    const turn = createGraphTurn({ agents, tools: tools.port, flow });
    await turn.models.script(
      managerPicks("ada", "bob", "cy"),
      agentSays("ada", { tool_calls: [asks("search", "a1", "for ada")] }, 1),
      agentSays("ada", "Ada found it."),
      agentSays("bob", { tool_calls: [asks("file_read", "b1", "for bob")] }, 1),
      agentSays("bob", { tool_calls: [asks("search", "b2", "more for bob")] }, 2),
      agentSays("bob", "Bob found it."),
      agentSays("cy", "Cy needs none."),
    );

    const outcome = await turn.run();

    expect(outcome.replies).toMatchObject([
      { agentKey: "ada", content: "Ada found it." },
      { agentKey: "bob", content: "Bob found it." },
      { agentKey: "cy", content: "Cy needs none." },
    ]);
    const journal = await turn.models.journal();
    const loops = { ada: ["a1"], bob: ["b1", "b2"], cy: [] };
    for (const [key, ids] of Object.entries(loops)) {
      const last = callsFor(journal, key).at(-1);
      const results = (last ? wireMessages(last) : []).flatMap((message) =>
        "tool_call_id" in message ? [message.tool_call_id] : [],
      );
      expect(results, key).toEqual(ids);
    }
    expect(
      callsFor(journal, "bob")[0]
        ?.tools.map(({ name }) => name)
        .toSorted(),
    ).toEqual(["file_read", "search"]);
    expect(callsFor(journal, "cy")[0]?.body).not.toHaveProperty("tools");
    expect(outcome.toolEvents.filter(({ agentKey }) => agentKey === "bob").map(({ round }) => round)).toEqual(
      [1, 2],
    );
    if (flow !== "parallel") {
      const order = journal.map(callerOf).filter((key) => key !== "manager");
      expect(order).toEqual(["ada", "ada", "bob", "bob", "bob", "cy"]);
      expect(conversationIn(callsFor(journal, "cy")[0])).toEqual([
        "hello",
        "[Ada]: Ada found it.",
        "[Bob]: Bob found it.",
      ]);
    }
  });
});
