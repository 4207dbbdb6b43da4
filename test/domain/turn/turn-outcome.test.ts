import { expect, test } from "vitest";
import { formatFailureContent, isAgentFailure } from "../../../src/domain/turn/agent-failure.ts";
import { deriveTurnStatus, joinReplies } from "../../../src/domain/turn/turn-outcome.ts";

const completed = { status: "completed" } as const;
const failed = { status: "failed" } as const;

test.each([
  [[completed], "completed"],
  [[completed, completed], "completed"],
  [[completed, failed], "partial"],
  [[failed, completed, failed], "partial"],
  [[failed, failed], "failed"],
  [[], "failed"],
])("a turn with the replies %j is %s", (replies, status) => {
  expect(deriveTurnStatus(replies)).toBe(status);
});

test("the reply of one agent is the output of the turn", () => {
  expect(joinReplies([{ agentName: "Ada", content: "Name: x\n\ny" }])).toBe("Name: x\n\ny");
});

test("several replies are joined under their agents' names, with a blank line between them", () => {
  const replies = [
    { agentName: "Ada", content: "one\ntwo" },
    { agentName: "Bob", content: "three" },
  ];
  expect(joinReplies(replies)).toBe("Ada: one\ntwo\n\nBob: three");
});

test("the content of a failure has agent, code and message", () => {
  expect(formatFailureContent("Ada L.", { code: "model_error", message: "It broke." })).toBe(
    "[[agent_error]] agent=Ada L. type=model_error message=It broke.",
  );
});

test("only a known code is a failure", () => {
  expect(isAgentFailure({ code: "deadline", message: "late" })).toBe(true);
  expect(isAgentFailure({ code: "something", message: "else" })).toBe(false);
  expect(isAgentFailure(new DOMException("The operation was aborted", "AbortError"))).toBe(false);
  expect(isAgentFailure(undefined)).toBe(false);
});
