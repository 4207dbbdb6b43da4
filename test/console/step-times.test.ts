import { expect, test } from "vitest";
import type { TurnDetail } from "../../console/src/api/types.ts";
import { stepTimes } from "../../console/src/turn/step-times.ts";

type Parts = { mode: string; steps: [step: string, ms: number, run?: string][]; routing?: number[] };

/** Only what the times are made of. */
function turnOf({ mode, steps, routing = [] }: Parts): TurnDetail {
  const rows = steps.map(([step, latency_ms, run_id = "first"]) => ({
    step,
    latency_ms,
    run_id,
    credits: "0",
  }));
  const overhead_calls = routing.flatMap((latency_ms) => [
    { purpose: "routing", attempt: 1, latency_ms: latency_ms - 1 },
    { purpose: "routing", attempt: 2, latency_ms: 1 },
  ]);
  const replies = [...new Map(rows.map((row) => [row.step, row])).values()].map(({ step }) => ({
    step,
    agent_key: step.split("#")[0],
    agent_name: step,
    status: "completed",
    role: step === "synthesis" ? "synthesis" : "agent",
    round: step === "synthesis" ? null : Number(step.split("#")[1]),
  }));
  const audit = rows.map((row, index) => ({ ...row, overhead_calls: index === 0 ? overhead_calls : [] }));
  const tools = { step: "ada#1", round: 1 };
  const tool_calls =
    mode === "tag"
      ? [
          { ...tools, latency_ms: 5 },
          { ...tools, latency_ms: 7 },
        ]
      : [];
  return { mode, replies, llm_calls: rows, audit, tool_calls } as unknown as TurnDetail;
}

const spansOf = (parts: Parts) =>
  stepTimes(turnOf(parts)).map(({ step, fromMs, toMs }) => [step, fromMs, toMs]);

test("tagged agents start at once; the tools of one answer run at the same time", () => {
  expect(
    spansOf({
      mode: "tag",
      steps: [
        ["ada#1", 100],
        ["bob#1", 300],
      ],
    }),
  ).toEqual([
    ["ada#1", 0, 107],
    ["bob#1", 0, 300],
  ]);
});

test("the agents of a round table follow one another", () => {
  expect(
    spansOf({
      mode: "roundtable",
      steps: [
        ["ada#1", 100],
        ["bob#1", 300],
      ],
    }),
  ).toEqual([
    ["ada#1", 0, 100],
    ["bob#1", 100, 400],
  ]);
});

test("the manager's call comes before each round, the synthesis after all", () => {
  const steps: Parts["steps"] = [
    ["ada#1", 100],
    ["ada#2", 10],
    ["synthesis", 1],
  ];
  expect(spansOf({ mode: "orchestrator", steps, routing: [50, 20] })).toEqual([
    ["ada#1", 50, 150],
    ["ada#2", 170, 180],
    ["synthesis", 180, 181],
  ]);
});

test("an agent that was asked again is shown after the first run, with its last calls", () => {
  const steps: Parts["steps"] = [
    ["bob#1", 30],
    ["cy#1", 300],
    ["cy#1", 40, "retry"],
  ];
  expect(spansOf({ mode: "tag", steps })).toEqual([
    ["bob#1", 0, 30],
    ["cy#1", 30, 70],
  ]);
});
