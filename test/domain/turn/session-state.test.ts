import { expect, test } from "vitest";
import {
  afterFailedSummary,
  afterStoredSummary,
  changeSession,
} from "../../../src/domain/turn/session-state.ts";

const fresh = { summaryFailures: 0, nextSummaryTurnIndex: 0, refusalScales: { qwen: 1.3 } };

test("a failed summary is tried again four turns later, after three failures sixteen", () => {
  const first = afterFailedSummary(fresh, 10);
  const second = afterFailedSummary(first, 14);
  const third = afterFailedSummary(second, 18);
  const fourth = afterFailedSummary(third, 34);
  expect([first, second, third, fourth].map((session) => session.nextSummaryTurnIndex)).toEqual([
    14, 18, 34, 50,
  ]);
  expect(fourth.refusalScales).toEqual({ qwen: 1.3 });
});

test("a stored summary ends the pauses", () => {
  expect(afterStoredSummary(afterFailedSummary(fresh, 10))).toEqual(fresh);
});

const facts = { turnIndex: 3, modelAliasOf: (agentKey: string) => (agentKey === "ada" ? "qwen" : "llama") };
const quiet = { summary: null, replies: [{ agentKey: "ada" }], prompts: [] };
const prompt = (agentKey: string, countedInputTokens: number | null) => ({ agentKey, countedInputTokens });

test.each([
  ["nothing was learnt", quiet],
  ["nothing was counted", { ...quiet, prompts: [prompt("ada", null), prompt("ada", 0)] }],
  ["another model's prompt was counted", { ...quiet, prompts: [prompt("bob", 100)] }],
])("a session is unchanged where %s", (_, outcome) => {
  expect(changeSession(fresh, outcome, facts)).toBeNull();
});

test("a count removes the scale of its model and a refusal sets it; of several the largest stays", () => {
  const prompts = [prompt("ada", 100), prompt("bob", null)];
  expect(changeSession(fresh, { ...quiet, prompts }, facts)).toEqual({ ...fresh, refusalScales: {} });
  const replies = [
    { agentKey: "ada", refusalScale: 2 },
    { agentKey: "ada", refusalScale: 1.7 },
    { agentKey: "bob", refusalScale: 1.5 },
  ];
  expect(changeSession(fresh, { ...quiet, prompts, replies }, facts)?.refusalScales).toEqual({
    qwen: 2,
    llama: 1.5,
  });
});

test("scales and pauses of summaries change independently", () => {
  const outcome = { ...quiet, summaryFailed: true, prompts: [prompt("ada", 100)] };
  expect(changeSession(fresh, outcome, facts)).toEqual({
    summaryFailures: 1,
    nextSummaryTurnIndex: 7,
    refusalScales: {},
  });
});
