import type { Message } from "@ag-ui/core";
import { describe, expect, test } from "vitest";
import type { TurnEvent } from "../../../src/domain/turn/turn-events.ts";
import { nameAsClient } from "../../../src/http/ag-ui/ag-ui-snapshot.ts";
import { createToolCallNames } from "../../../src/http/ag-ui/ag-ui-tool-ids.ts";

describe("the user's messages of a snapshot", () => {
  const user = (id: string, content: string): Message => ({ id, role: "user", content });
  const assistant = (id: string, content: string): Message => ({ id, role: "assistant", content });
  const ids = (messages: readonly Message[]) => messages.map(({ id }) => id);

  test("get the client's ids, paired from the latest back", () => {
    const messages = [user("s1", "hi"), assistant("a1", "ho"), user("s2", "go on"), user("s3", "go on")];
    const known = [
      { id: "c1", text: "hi" },
      { id: "c2", text: "go on" },
      { id: "c3", text: "go on" },
    ];
    expect(ids(nameAsClient(messages, known))).toEqual(["c1", "a1", "c2", "c3"]);
    expect(ids(messages)).toEqual(["s1", "a1", "s2", "s3"]);
  });

  test("keep the server's ids where the client has no such message", () => {
    const messages = [user("s1", "from elsewhere"), assistant("a1", "hi"), user("s2", "hi")];
    expect(ids(nameAsClient(messages, [{ id: "c1", text: "hi" }]))).toEqual(["s1", "a1", "c1"]);
    expect(ids(nameAsClient(messages, []))).toEqual(["s1", "a1", "s2"]);
  });

  test("never share an id", () => {
    const messages = [user("s1", "hi"), user("s2", "hi"), assistant("a1", "ho")];
    const known = [
      { id: "c1", text: "hi" },
      { id: "c1", text: "hi" },
    ];
    expect(ids(nameAsClient(messages, known))).toEqual(["s1", "c1", "a1"]);
    expect(ids(nameAsClient(messages, [{ id: "a1", text: "hi" }]))).toEqual(["s1", "s2", "a1"]);
  });
});

describe("tool calls", () => {
  const call = (agentRunId: string, toolCallId: string): TurnEvent[] => [
    { type: "tool_call_started", agentRunId, toolCallId, toolName: "search", messageId: null },
    { type: "tool_call_arguments", agentRunId, toolCallId, delta: "{}" },
    { type: "tool_call_ended", agentRunId, toolCallId },
  ];
  const result = (agentRunId: string, toolCallId: string): TurnEvent => ({
    type: "tool_call_result",
    agentRunId,
    toolCallId,
    messageId: "m",
    content: "found",
  });
  const nameAll = (events: readonly TurnEvent[]) => {
    const name = createToolCallNames();
    return events.map((event) => {
      const named = name(event);
      return "toolCallId" in named ? named.toolCallId : null;
    });
  };

  test("of two agents, of two answers and of one answer never share an id", () => {
    const sameId = [call("a", "c"), call("b", "c"), [result("a", "c"), result("b", "c")]];
    const [a, , , b, , , ...results] = nameAll(sameId.flat());
    expect(a).not.toBe(b);
    expect(results).toEqual([a, b]);

    const [first, , , firstResult, second, , , secondResult] = nameAll(
      [call("a", "c"), result("a", "c"), call("a", "c"), result("a", "c")].flat(),
    );
    expect(first).not.toBe(second);
    expect([firstResult, secondResult]).toEqual([first, second]);

    const [one, oneArguments, oneEnd, two, twoArguments, twoEnd, ...twice] = nameAll(
      [call("a", "c"), call("a", "c"), result("a", "c"), result("a", "c")].flat(),
    );
    expect(one).not.toBe(two);
    expect([oneArguments, oneEnd, twoArguments, twoEnd]).toEqual([one, one, two, two]);
    expect(twice).toEqual([one, two]);
  });

  test("only the events of tool calls are changed", () => {
    const started: TurnEvent = {
      type: "agent_started",
      agentRunId: "a",
      step: "ada#1",
      role: "agent",
      round: 1,
      agentKey: "ada",
      agentName: "Ada",
    };
    expect(createToolCallNames()(started)).toBe(started);
  });
});
