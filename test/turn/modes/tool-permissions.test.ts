import { describe, expect, test } from "vitest";
import type { ToolPort } from "../../../src/domain/tool.ts";
import { createTurnLimiter, noUse } from "../../../src/domain/turn/turn-limiter.ts";
import { compileRunGraph } from "../../../src/runtime/graph/run-graph.ts";
import { startSpending } from "../../../src/runtime/graph/run-spending.ts";
import type { JournalEntry } from "../../support/models.ts";
import { noLimit, type PlanForm } from "../../support/plans.ts";
import { someIdentity } from "../../support/tool-context.ts";
import { createFakeTools } from "./support/fake-tools.ts";
import { createGraphTurn, type GraphTurn } from "./support/graph-run.ts";
import { agentSays, callsFor, conversationIn, managerPicks } from "./support/model-calls.ts";

const flows: PlanForm[] = ["parallel", "sequence", "routed"];
const asks = (name: string, id: string) => ({ name, id, arguments: "{}" });
/** What the model was sent about each of its calls. */
const resultsIn = (call: JournalEntry | undefined) =>
  ((call?.body.messages ?? []) as { role: string; tool_call_id?: string; content: string }[]).flatMap(
    (message) => (message.role === "tool" ? [[message.tool_call_id, message.content]] : []),
  );

describe("the compiled graph", () => {
  const nodesOf = (turn: GraphTurn) => {
    const { plan, context, ports } = createGraphTurn(turn);
    const { nodes } = compileRunGraph({
      runId: "run",
      plan,
      context,
      identity: someIdentity,
      ports,
      signal: ports.stop,
      started: new Set(),
      flushed: async () => undefined,
      limiter: createTurnLimiter(noUse, 0),
      payment: startSpending(plan, noLimit, ports, undefined),
    });
    return Object.keys(nodes)
      .filter((name) => !name.startsWith("__"))
      .toSorted();
  };

  test.each(flows)(
    "has a tools node only for agents that may use tools, whatever the other agents may use (%s)",
    (flow) => {
      const tools = createFakeTools(["search"]).port;
      const route = flow === "routed" ? ["route#1"] : [];
      const nodes = (agents: GraphTurn["agents"], message = "hello") =>
        nodesOf({ agents, tools, flow, message });
      expect(nodes({ ada: [], bob: [] })).toEqual(["ada#1.model", "bob#1.model", ...route]);
      expect(nodes({ ada: ["search"], bob: [], cy: ["search"] })).toEqual(
        ["ada#1.model", "ada#1.tools", "bob#1.model", "cy#1.model", "cy#1.tools", ...route].toSorted(),
      );
      expect(nodes({ ada: ["search"], bob: [] }, "search: boats")).toEqual(
        ["ada#1.model", "ada#1.tools", "bob#1.model", ...route].toSorted(),
      );
      expect(nodes({ ada: [] }, "search: boats")).toEqual(["ada#1.model", ...route]);
    },
  );
});

describe.each(flows)("a model that calls a tool that it may not use (%s)", (flow) => {
  test("without any permission is refused, nothing runs, and it still answers", async () => {
    const tools = createFakeTools(["search"]);
    const turn = createGraphTurn({ agents: { ada: ["search"], bob: [] }, tools: tools.port, flow });
    await turn.models.script(
      managerPicks("ada", "bob"),
      agentSays("bob", { tool_calls: [asks("search", "b1")] }, 1),
      agentSays("bob", "Then without."),
    );

    const outcome = await turn.run();

    expect(tools.executed).toEqual([]);
    expect(outcome.replies[1]).toMatchObject({
      agentKey: "bob",
      status: "completed",
      content: "Then without.",
    });
    expect(outcome.toolEvents).toMatchObject([
      {
        agentKey: "bob",
        round: 1,
        toolName: "search",
        status: "denied",
        output: { error: "tool_not_permitted" },
      },
    ]);
    const [first, second] = callsFor(await turn.models.journal(), "bob");
    expect(first?.body).not.toHaveProperty("tools");
    expect(resultsIn(second)).toEqual([["b1", expect.stringContaining("tool_not_permitted")]]);
    expect(() => JSON.parse(String(resultsIn(second)[0]?.[1]))).not.toThrow();
  });

  test("among permitted calls: these run, and every result is in the order of the calls", async () => {
    const tools = createFakeTools(["search", "file_read"]);
    const turn = createGraphTurn({ agents: { ada: ["search"] }, tools: tools.port, flow });
    const calls = [asks("file_read", "1"), asks("search", "2"), asks("nonsense", "3"), asks("search", "4")];
    await turn.models.script(
      managerPicks("ada"),
      agentSays("ada", { tool_calls: calls }, 1),
      agentSays("ada", "Well."),
    );

    const outcome = await turn.run();

    expect(tools.executed.map(({ name }) => name)).toEqual(["search", "search"]);
    expect(outcome.toolEvents.map(({ toolName, status }) => [toolName, status])).toEqual([
      ["file_read", "denied"],
      ["search", "success"],
      ["nonsense", "denied"],
      ["search", "success"],
    ]);
    expect(outcome.privateMessages.map(({ content }) => /'(\w+)'/.exec(content)?.[1])).toEqual(
      calls.map(({ name }) => name),
    );
    const [, second] = callsFor(await turn.models.journal(), "ada");
    expect(resultsIn(second)).toEqual([
      ["1", expect.stringContaining("tool_not_permitted")],
      ["2", "search found {}"],
      ["3", expect.stringContaining("tool_not_permitted")],
      ["4", "search found {}"],
    ]);
    expect(outcome.replies).toMatchObject([{ status: "completed", content: "Well." }]);
  });

  test("in every answer must answer after four requests", async () => {
    const tools = createFakeTools(["search"]);
    const turn = createGraphTurn({ agents: { ada: [] }, tools: tools.port, flow });
    await turn.models.script(managerPicks("ada"), agentSays("ada", { tool_calls: [asks("search", "x")] }));

    const outcome = await turn.run();

    expect(outcome.replies).toMatchObject([{ status: "failed", failure: { code: "model_bad_response" } }]);
    expect(outcome.toolEvents.map(({ status }) => status)).toEqual(["denied", "denied", "denied", "denied"]);
    expect(callsFor(await turn.models.journal(), "ada")).toHaveLength(5);
    expect(tools.executed).toEqual([]);
  });
});

describe.each(flows)("a message whose first words ask for a tool (%s)", (flow) => {
  test("runs it before the model is called, which is sent the result before the message", async () => {
    const tools = createFakeTools(["search"]);
    const turn = createGraphTurn({
      agents: { ada: ["search"], bob: [] },
      tools: tools.port,
      flow,
      message: "search: red boats",
    });
    await turn.models.script(
      managerPicks("ada", "bob"),
      agentSays("ada", "Found."),
      agentSays("bob", "I have no tools."),
    );

    const outcome = await turn.run();

    expect(tools.executed).toMatchObject([{ name: "search", argumentsText: '{"query":"red boats"}' }]);
    expect(outcome.replies.map(({ status }) => status)).toEqual(["completed", "completed"]);
    expect(outcome.toolEvents).toMatchObject([
      { agentKey: "ada", round: 0, toolName: "search", status: "success" },
    ]);
    const journal = await turn.models.journal();
    const [call, ...others] = callsFor(journal, "ada");
    expect(others).toEqual([]);
    expect(conversationIn(call)).toEqual(['search found {"query":"red boats"}', "search: red boats"]);
    expect(JSON.stringify(callsFor(journal, "bob"))).not.toContain("search found");
    expect(outcome.privateMessages).toMatchObject([{ agentKey: "ada", role: "tool" }]);
  });

  test("lets the model call the tool again, with the first result still before the message", async () => {
    const tools = createFakeTools(["search"]);
    const turn = createGraphTurn({
      agents: { ada: ["search"] },
      tools: tools.port,
      flow,
      message: "search: boats",
    });
    await turn.models.script(
      managerPicks("ada"),
      agentSays("ada", { tool_calls: [asks("search", "a1")] }, 1),
      agentSays("ada", "Found more."),
    );

    const outcome = await turn.run();

    expect(outcome.toolEvents.map(({ round }) => round)).toEqual([0, 1]);
    const [, second] = callsFor(await turn.models.journal(), "ada");
    expect(conversationIn(second)).toEqual([
      'search found {"query":"boats"}',
      "search: boats",
      "",
      "search found {}",
    ]);
  });

  test("is an ordinary message for an agent that may not use the tool", async () => {
    const tools = createFakeTools(["search"]);
    const turn = createGraphTurn({ agents: { ada: [] }, tools: tools.port, flow, message: "search: boats" });
    await turn.models.script(managerPicks("ada"), agentSays("ada", "Hm."));

    const outcome = await turn.run();

    expect(tools.executed).toEqual([]);
    expect(outcome).toMatchObject({
      toolEvents: [],
      privateMessages: [],
      replies: [{ status: "completed" }],
    });
  });
});

describe("a tool port that throws", () => {
  const broken = () => {
    throw new Error("secret-canary");
  };

  test.each(flows)(
    "in a call: the model gets an error, the event has status error, and the turn goes on (%s)",
    async (flow) => {
      const tools = createFakeTools(["search"], async ({ argumentsText }) =>
        argumentsText === "{}" ? broken() : {},
      );
      const turn = createGraphTurn({ agents: { ada: ["search"], bob: [] }, tools: tools.port, flow });
      const calls = [asks("search", "1"), { name: "search", id: "2", arguments: '{"query":"b"}' }];
      await turn.models.script(
        managerPicks("ada", "bob"),
        agentSays("ada", { tool_calls: calls }, 1),
        agentSays("ada", "Half of it."),
      );

      const outcome = await turn.run();

      expect(outcome.replies.map(({ status }) => status)).toEqual(["completed", "completed"]);
      expect(outcome.toolEvents.map(({ status }) => status)).toEqual(["error", "success"]);
      const [, second] = callsFor(await turn.models.journal(), "ada");
      expect(resultsIn(second)).toEqual([
        ["1", expect.stringContaining("tool_failed")],
        ["2", 'search found {"query":"b"}'],
      ]);
      expect(JSON.stringify([outcome, turn.events, await turn.models.journal()])).not.toContain(
        "secret-canary",
      );
    },
  );

  test.each(["offered", "trigger"] as const)("in %s: the agent answers without it", async (method) => {
    const port: ToolPort = { ...createFakeTools(["search"]).port, [method]: broken };
    const turn = createGraphTurn({ agents: { ada: ["search"] }, tools: port, message: "search: boats" });
    await turn.models.script(agentSays("ada", "I answer."));

    expect((await turn.run()).replies).toMatchObject([{ status: "completed", content: "I answer." }]);
  });
});

test("time in tools is measured apart from time in models", async () => {
  const tools = createFakeTools(["search"]);
  const turn = createGraphTurn({ agents: { ada: ["search"] }, tools: tools.port });
  let clock = 0;
  const ticking = { ...turn.ports, now: () => (clock += 10) };
  Object.assign(turn.ports, ticking);
  await turn.models.script(
    agentSays("ada", { tool_calls: [asks("search", "1")] }, 1),
    agentSays("ada", "done"),
  );

  const { modelMs, toolsMs } = await turn.run();

  expect(toolsMs).toBe(10);
  expect(modelMs).toBe(20);
});
