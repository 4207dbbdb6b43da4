import type { Step } from "../../domain/plan/step.ts";
import { isRoutingOver, takenSteps } from "../../domain/plan/taken-steps.ts";
import type { TurnPlan } from "../../domain/plan/turn-plan.ts";
import type { AgentReply, TurnOutcome } from "../../domain/turn/turn-outcome.ts";
import { toPrivateMessages } from "./agent-work.ts";
import { entryOf, type RunStateValue } from "./run-state.ts";

/** The outcome of a graph's state, without what runs beside the graph: summary and times. */
export function toOutcome(plan: TurnPlan, state: RunStateValue, newId: () => string): TurnOutcome {
  const steps = takenSteps(plan, state.decisions);
  return {
    replies: steps.flatMap((step) => entryOf(state.replies, step.id) ?? toUnasked(step, newId())),
    calls: state.calls,
    prompts: steps.flatMap(({ id }) => entryOf(state.prompts, id) ?? []),
    toolEvents: state.toolEvents,
    privateMessages: toPrivateMessages(state.toolMessages),
    decisions: state.decisions,
    overhead: state.overhead,
    summary: null,
    modelMs: 0,
    toolsMs: 0,
  };
}

/** A synthesis whose model was not called was skipped, and has no reply. */
function toUnasked({ id, role, agent }: Step, messageId: string): AgentReply[] {
  if (role === "synthesis") return [];
  const failure = { code: "deadline", message: "The agent was not asked." } as const;
  return [{ step: id, agentKey: agent.agentKey, messageId, status: "failed", failure }];
}

type Progress = Pick<RunStateValue, "replies" | "decisions">;

/** Whether nothing is left to do. `hasStoredAnswers`: whether a retry's turn has answers that it does not replace. */
export function isFinished(plan: TurnPlan, progress: Progress, hasStoredAnswers: boolean): boolean {
  return (
    isRoutingOver(plan, progress.decisions) &&
    takenSteps(plan, progress.decisions).every((step) => isStepDone(step, progress, hasStoredAnswers))
  );
}

/** Whether a step has its reply, or is the synthesis of a turn in which no agent answered. */
export function isStepDone(
  { id, role }: Pick<Step, "id" | "role">,
  { replies }: Pick<RunStateValue, "replies">,
  hasStoredAnswers: boolean,
): boolean {
  if (entryOf(replies, id) !== undefined) return true;
  const isSkippable = role === "synthesis" && !hasStoredAnswers;
  return isSkippable && !replies.some(({ status }) => status === "completed");
}
