import type { AgentFailureCode } from "./agent-failure.ts";

/** Why a turn's messages are left out of later prompts and summaries. */
export const exclusionReasons = [
  "model_refused",
  "context_budget_exceeded",
] as const satisfies readonly AgentFailureCode[];
export type ExclusionReason = (typeof exclusionReasons)[number];

/** Why one message is left out of a prompt: with its turn, or because its user deleted it. */
export type OmissionReason = ExclusionReason | "deleted";

type Reply = { status: "completed" | "failed"; error: { code: string } | null };

/**
 * Why a turn with these replies is left out of later prompts: for every agent the message was refused, or was too long.
 * It would be again. Null: it is not left out.
 */
export function exclusionOf(replies: readonly Reply[]): ExclusionReason | null {
  const reasons = replies.map(({ error }) => exclusionReasons.find((reason) => reason === error?.code));
  return reasons.includes(undefined) ? null : (reasons[0] ?? null);
}
