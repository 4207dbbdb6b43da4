import { takenSteps } from "../../domain/plan/taken-steps.ts";
import type { TurnPlan } from "../../domain/plan/turn-plan.ts";
import type { StoredCheckpoint } from "../../domain/turn/checkpoint.ts";
import type { AgentReply } from "../../domain/turn/turn-outcome.ts";
import { loadProgress } from "../checkpoint/stored-run.ts";
import { entryOf } from "./run-state.ts";

/** The replies that a stored run holds, in the order of answers. */
export async function storedReplies(
  plan: TurnPlan,
  stored: StoredCheckpoint | undefined,
): Promise<AgentReply[]> {
  const progress = await loadProgress(stored);
  if (progress === undefined) return [];
  const { state } = progress;
  return takenSteps(plan, state.decisions).flatMap(({ id }) => entryOf(state.replies, id) ?? []);
}
