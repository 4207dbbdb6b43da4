import type { TurnDetail } from "../api/types.ts";

/** One step of a turn on its line of time, ms from the turn's start. */
export type StepTime = {
  step: string;
  agentKey: string;
  name: string;
  fromMs: number;
  toMs: number;
  status: "completed" | "failed";
  credits: number;
  tools: number;
};

/**
 * The steps of the turn in the order of its answers, where they follow from the times of their calls: tagged agents start
 * at once, all others one after another, and a synthesis at the end. What passes between calls is not on record.
 */
export function stepTimes(turn: TurnDetail): StepTime[] {
  const runs = [...new Set(turn.audit.map(({ run_id: id }) => id))];
  let startMs = 0;
  return runs.flatMap((runId) => {
    const steps = stepsOfRun(turn, runId, startMs);
    startMs = Math.max(startMs, ...steps.map(({ toMs }) => toMs));
    return steps;
  });
}

/** The answers that this run wrote and no later one has replaced. */
function stepsOfRun(turn: TurnDetail, runId: string, startMs: number): StepTime[] {
  const replies = turn.replies.filter(
    ({ step }) => turn.audit.findLast((row) => row.step === step)?.run_id === runId,
  );
  let endMs = startMs;
  const timedRounds = new Set<number>();
  return replies.map((reply) => {
    const { step, role, round } = reply;
    if (round !== null && !timedRounds.has(round)) {
      timedRounds.add(round);
      endMs += routingMs(turn, runId, round);
    }
    const calls = turn.llm_calls.filter((call) => call.run_id === runId && call.step === step);
    const tools = turn.tool_calls.filter((tool) => tool.step === step);
    const fromMs = turn.mode === "tag" && role !== "synthesis" ? startMs : endMs;
    const toMs = fromMs + sum(calls.map((call) => call.latency_ms)) + toolsMs(tools);
    endMs = Math.max(endMs, toMs);
    return {
      step,
      agentKey: reply.agent_key,
      name: reply.agent_name,
      fromMs,
      toMs,
      status: reply.status,
      credits: sum(calls.map(({ credits }) => Number(credits))),
      tools: tools.length,
    };
  });
}

/** The manager's call before a round, with its repeats. Each call counts its attempts from 1. */
function routingMs(turn: TurnDetail, runId: string, round: number): number {
  const overhead = turn.audit.filter((row) => row.run_id === runId).flatMap((row) => row.overhead_calls);
  let called = 0;
  const ofRound = overhead.filter(({ purpose, attempt }) => {
    if (purpose === "routing" && attempt === 1) called += 1;
    return purpose === "routing" && called === round;
  });
  return sum(ofRound.map((call) => call.latency_ms));
}

/** Tools that one answer calls run at the same time. */
function toolsMs(tools: TurnDetail["tool_calls"]): number {
  const byAnswer = Map.groupBy(tools, ({ round }) => round);
  return sum(
    [...byAnswer.values()].map((calls) => Math.max(...calls.map(({ latency_ms: latencyMs }) => latencyMs))),
  );
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0);
}
