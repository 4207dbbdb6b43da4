import { expect, test } from "vitest";
import { likelyWaitMs, type RunPace } from "../../../src/domain/turn/likely-wait.ts";

const pace: RunPace = {
  mode: "tag",
  agents: 3,
  maxRounds: 2,
  synthesis: "off",
  isRetry: false,
  elapsedMs: 0,
  callMs: 2_000,
};

test.each<[string, Partial<RunPace>, number]>([
  ["agents that answer at once", {}, 2_000],
  ["a round table", { mode: "roundtable" }, 6_000],
  ["rounds of a manager", { mode: "orchestrator" }, 16_000],
  ["a synthesis after them", { synthesis: "manager" }, 4_000],
  ["a retry, which asks only those that failed", { mode: "roundtable", isRetry: true }, 2_000],
  ["a run that has gone on for a while", { mode: "roundtable", elapsedMs: 4_500 }, 1_500],
  ["a run that takes longer than expected", { elapsedMs: 60_000 }, 1_000],
  ["a session without a turn", { callMs: null }, 5_000],
  ["a run that is likely to outlive its lease", { mode: "roundtable", callMs: 20_000 }, 30_000],
])("the likely wait for %s", (_case, known, expected) => {
  expect(likelyWaitMs({ ...pace, ...known }, 30_000)).toBe(expected);
});
