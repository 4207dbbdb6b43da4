import { type Step, synthesisStep } from "../../domain/plan/step.ts";
import { takenSteps } from "../../domain/plan/taken-steps.ts";
import { planAgents, type TurnPlan } from "../../domain/plan/turn-plan.ts";
import { readRoutingDecision } from "../../domain/routing/routing-decision.ts";
import { type AgentFailure, turnCancelled } from "../../domain/turn/agent-failure.ts";
import type { StoredCheckpoint } from "../../domain/turn/checkpoint.ts";
import { turnTooLarge } from "../../domain/turn/turn-limiter.ts";
import type { AgentReply, TurnOutcome } from "../../domain/turn/turn-outcome.ts";
import { loadProgress, type StoredRun } from "../checkpoint/stored-run.ts";
import { emptyState, entryOf, type RunStateValue } from "./run-state.ts";
import { toOutcome } from "./state-outcome.ts";

export type RestoreInput = {
  plan: TurnPlan;
  stored: StoredCheckpoint | undefined;
  /** Of a retry that is not cancelled only the answers that had arrived count: the failures before it stay as they were. */
  isRetry: boolean;
  /** The run was cancelled. */
  isCancelled: boolean;
};

/** The outcome of a run that no holder continues, from its latest checkpoint. */
export async function restoreOutcome(
  { stored, ...run }: RestoreInput,
  newId: () => string,
): Promise<TurnOutcome> {
  return outcomeOfProgress({ ...run, progress: await loadProgress(stored) }, newId);
}

type ProgressInput = Omit<RestoreInput, "stored"> & { progress: StoredRun | undefined };

/**
 * The stored answers, and a failed reply for each other agent: `abandoned`, `cancelled`, or `turn_too_large` where texts of
 * the run were too large to be stored or read. In a run without a routing decision the fallback agent fails.
 */
export function outcomeOfProgress(
  { plan, progress, isRetry, isCancelled }: ProgressInput,
  newId: () => string,
): TurnOutcome {
  const state = progress?.state ?? emptyState();
  const isUndecided = plan.router !== null && state.decisions.length === 0;
  const unanswered = isCancelled ? turnCancelled : abandoned;
  const fallback = readRoutingDecision({ ok: false, code: unanswered.code }, planAgents(plan), () => 0);
  const decisions = isUndecided ? [fallback] : state.decisions;
  const outcome = toOutcome(plan, { ...state, decisions }, newId);
  const failure = progress === undefined || progress.isWhole ? unanswered : turnTooLarge;
  const hasAnswer = state.replies.some(({ status }) => status === "completed");
  const replies = listExpectedSteps(plan, decisions).flatMap(({ id, role, agent }): AgentReply[] => {
    const reply = entryOf(state.replies, id);
    if (reply !== undefined) return [reply];
    if ((isRetry && !isCancelled) || (role === "synthesis" && !hasAnswer)) return [];
    return [{ step: id, agentKey: agent.agentKey, messageId: newId(), status: "failed", failure }];
  });
  return { ...outcome, replies };
}

/** The steps that were decided, and the synthesis, which follows any further decision of the manager. */
function listExpectedSteps(plan: TurnPlan, decisions: RunStateValue["decisions"]): Step[] {
  const steps = takenSteps(plan, decisions);
  const hasSynthesis = steps.some(({ role }) => role === "synthesis");
  return plan.synthesizer === null || hasSynthesis
    ? steps
    : [...steps, synthesisStep(plan.synthesizer, steps)];
}

const abandoned: AgentFailure = {
  code: "abandoned",
  message: "The turn was left unfinished before the agent answered.",
};
