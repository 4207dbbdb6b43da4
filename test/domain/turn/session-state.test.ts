import { expect, test } from "vitest";
import { afterFailedSummary, afterStoredSummary } from "../../../src/domain/turn/session-state.ts";

const fresh = { summaryFailures: 0, nextSummaryTurnIndex: 0, refusalScales: { qwen: 1.3 } };

test("a summary that failed is tried four turns later, after three failures sixteen", () => {
  const first = afterFailedSummary(fresh, 10);
  const second = afterFailedSummary(first, 14);
  const third = afterFailedSummary(second, 18);
  const fourth = afterFailedSummary(third, 34);
  expect([first, second, third, fourth].map((session) => session.nextSummaryTurnIndex)).toEqual([
    14, 18, 34, 50,
  ]);
  expect(fourth.refusalScales).toEqual({ qwen: 1.3 });
});

test("one that is stored takes the pauses back", () => {
  expect(afterStoredSummary(afterFailedSummary(fresh, 10))).toEqual(fresh);
});
