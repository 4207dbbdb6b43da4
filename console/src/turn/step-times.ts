import type { TurnDetail } from "../api/types.ts";

/** One step of a turn: from its first call's start to its last call's end, in ms from the turn's first call. */
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

/** The steps of the turn in the order in which they started. A call is stored when it has ended. */
export function stepTimes(turn: TurnDetail): StepTime[] {
  const spans = turn.replies.map((reply) => {
    const calls = turn.llm_calls.filter(({ step }) => step === reply.step);
    const ends = calls.map((call) => Date.parse(call.created_at));
    const starts = calls.map((call, index) => (ends[index] ?? 0) - call.latency_ms);
    return {
      step: reply.step,
      agentKey: reply.agent_key,
      name: reply.agent_name,
      fromMs: calls.length === 0 ? undefined : Math.min(...starts),
      toMs: calls.length === 0 ? undefined : Math.max(...ends),
      status: reply.status,
      credits: calls.reduce((sum, call) => sum + Number(call.credits), 0),
      tools: turn.tool_calls.filter(({ step }) => step === reply.step).length,
    };
  });
  const first = Math.min(...spans.flatMap(({ fromMs }) => fromMs ?? []));
  const zero = Number.isFinite(first) ? first : 0;
  return spans
    .map((span) => ({ ...span, fromMs: (span.fromMs ?? zero) - zero, toMs: (span.toMs ?? zero) - zero }))
    .toSorted((left, right) => left.fromMs - right.fromMs);
}
