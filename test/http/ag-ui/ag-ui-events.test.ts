import { expect, test } from "vitest";
import type { TurnEvent } from "../../../src/domain/turn/turn-events.ts";
import { runFinished, runStarted, toAgUiEvent } from "../../../src/http/ag-ui/ag-ui-events.ts";
import { toTokenUsage } from "../../../src/http/ag-ui/ag-ui-usage.ts";
import { verifyEvents } from "../../support/event-reader.ts";

const agentRunId = "part-1";
const part = { subagentRunId: agentRunId };

const mapped: [TurnEvent, object][] = [
  [
    {
      type: "agent_started",
      agentRunId,
      step: "ada#1",
      role: "agent",
      round: 1,
      agentKey: "ada",
      agentName: "Ada",
    },
    {
      type: "SUBAGENT_STARTED",
      ...part,
      name: "Ada",
      metadata: { agent_key: "ada", step: "ada#1", role: "agent", round: 1 },
    },
  ],
  [
    { type: "text_started", agentRunId, messageId: "m1", agentName: "Ada" },
    { type: "TEXT_MESSAGE_START", ...part, messageId: "m1", role: "assistant", name: "Ada" },
  ],
  [
    { type: "text_delta", agentRunId, messageId: "m1", delta: "\ud83d" },
    { type: "TEXT_MESSAGE_CONTENT", ...part, messageId: "m1", delta: "\ud83d" },
  ],
  [
    { type: "text_ended", agentRunId, messageId: "m1" },
    { type: "TEXT_MESSAGE_END", ...part, messageId: "m1" },
  ],
  [
    { type: "tool_call_started", agentRunId, toolCallId: "t1", toolName: "search", messageId: "m1" },
    { type: "TOOL_CALL_START", ...part, toolCallId: "t1", toolCallName: "search", parentMessageId: "m1" },
  ],
  [
    { type: "tool_call_arguments", agentRunId, toolCallId: "t1", delta: '{"query":' },
    { type: "TOOL_CALL_ARGS", ...part, toolCallId: "t1", delta: '{"query":' },
  ],
  [
    { type: "tool_call_ended", agentRunId, toolCallId: "t1" },
    { type: "TOOL_CALL_END", ...part, toolCallId: "t1" },
  ],
  [
    { type: "tool_call_result", agentRunId, toolCallId: "t1", messageId: "m2", content: "5 results" },
    {
      type: "TOOL_CALL_RESULT",
      ...part,
      toolCallId: "t1",
      messageId: "m2",
      content: "5 results",
      role: "tool",
    },
  ],
  [
    { type: "tool_call_started", agentRunId, toolCallId: "t2", toolName: "search", messageId: null },
    { type: "TOOL_CALL_START", ...part, toolCallId: "t2", toolCallName: "search" },
  ],
  [
    { type: "tool_call_ended", agentRunId, toolCallId: "t2" },
    { type: "TOOL_CALL_END", ...part, toolCallId: "t2" },
  ],
  [
    { type: "agent_finished", agentRunId, finishReason: "length" },
    { type: "SUBAGENT_FINISHED", ...part, metadata: { finish_reason: "length" } },
  ],
];

test.for(mapped)("%o", ([event, expected]) => {
  expect(toAgUiEvent(event)).toEqual(expected);
});

test("a failure has its code and Pantheon's own message", () => {
  const failed: TurnEvent = { type: "agent_failed", agentRunId, code: "model_timeout", message: "Too late." };
  expect(toAgUiEvent(failed)).toEqual({
    type: "SUBAGENT_ERROR",
    ...part,
    code: "model_timeout",
    message: "Too late.",
  });
});

test("the stock client accepts a run with tools and a message for each answer", async () => {
  const ids = { threadId: "thread", runId: "run" };
  await verifyEvents([
    runStarted(ids),
    ...mapped.map(([event]) => toAgUiEvent(event)),
    runFinished(ids, { result: {}, usage: [] }),
  ]);
});

test("usage is summed by provider and model; cached tokens are part of the input", () => {
  const call = (providerModel: string, fresh: number, cached: number, output: number) => ({
    provider: "openrouter",
    providerModel,
    inputTokensFresh: fresh,
    inputTokensCached: cached,
    outputTokens: output,
    totalTokens: fresh + cached + output,
  });
  expect(toTokenUsage([call("a", 10, 5, 3), call("b", 1, 0, 1), call("a", 20, 0, 4)])).toEqual([
    {
      provider: "openrouter",
      model: "a",
      inputTokens: 35,
      cachedInputTokens: 5,
      outputTokens: 7,
      totalTokens: 42,
    },
    {
      provider: "openrouter",
      model: "b",
      inputTokens: 1,
      cachedInputTokens: 0,
      outputTokens: 1,
      totalTokens: 2,
    },
  ]);
  expect(toTokenUsage([])).toEqual([]);
});
