import { noSynthesis, type Orchestration } from "../plan/orchestration.ts";
import { stepRoleOf } from "../plan/step.ts";
import { findRoundsEnd, type RoundsEnd } from "../plan/taken-steps.ts";
import type { TurnPlan } from "../plan/turn-plan.ts";
import type { RoutingDecision } from "../routing/routing-decision.ts";
import type { TurnOutcome } from "./turn-outcome.ts";

/**
 * `agent_gone`: the agent that was to write it is not in the room any more; `skipped`: no agent answered;
 * `kept`: a retry leaves the one that is stored.
 */
export const synthesisResults = ["off", "agent_gone", "skipped", "kept", "completed", "failed"] as const;
export type SynthesisResult = (typeof synthesisResults)[number];

/** `unfinished`: the run ended before the manager decided. */
export type RecordedRoundsEnd = RoundsEnd | "unfinished";

/** How a run was orchestrated; kept in its audit. */
export type OrchestrationRecord = Orchestration & {
  synthesisResult: SynthesisResult;
  /** What the manager decided, round by round. */
  decisions: readonly RoutingDecision[];
  /** Null: the run has no manager. */
  roundsEndedBy: RecordedRoundsEnd | null;
};

export type OrchestrationInput = {
  orchestration: Orchestration;
  plan: TurnPlan;
  outcome: Pick<TurnOutcome, "replies" | "decisions">;
  /** Whether the retried turn has a completed synthesis, which the retry keeps. */
  keepsSynthesis: boolean;
};

export function recordOrchestration(input: OrchestrationInput): OrchestrationRecord {
  const { orchestration, plan, outcome } = input;
  const { maxRounds, synthesis } = orchestration;
  return {
    maxRounds,
    synthesis,
    synthesisResult: deriveSynthesisResult(input),
    decisions: outcome.decisions,
    roundsEndedBy:
      plan.router === null ? null : (findRoundsEnd(plan.router, outcome.decisions) ?? "unfinished"),
  };
}

function deriveSynthesisResult({
  orchestration,
  plan,
  outcome,
  keepsSynthesis,
}: OrchestrationInput): SynthesisResult {
  if (keepsSynthesis) return "kept";
  if (orchestration.synthesis.toLowerCase() === noSynthesis) return "off";
  if (plan.synthesizer === null) return "agent_gone";
  return outcome.replies.find(({ step }) => stepRoleOf(step) === "synthesis")?.status ?? "skipped";
}
