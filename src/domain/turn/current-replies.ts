import { stepIdOf, stepRoleOf } from "../plan/step.ts";
import type { FailedStep } from "../plan/turn-plan.ts";
import { joinReplies } from "./turn-outcome.ts";

type Reply = {
  id: string;
  seq: number;
  role: "user" | "assistant" | "tool";
  visibility: "shared" | "private";
  supersedesId: string | null;
};

/** The replies of a turn that no other reply supersedes, in the order of its plan. A retry's reply takes the place of the failed one. */
export function currentReplies<T extends Reply>(messages: readonly T[]): T[] {
  const replies = messages.filter(({ role, visibility }) => role === "assistant" && visibility === "shared");
  const byId = new Map(replies.map((reply) => [reply.id, reply]));
  const superseded = new Set(replies.map(({ supersedesId }) => supersedesId));
  const placeOf = (reply: T): number => {
    const before = reply.supersedesId === null ? undefined : byId.get(reply.supersedesId);
    return before === undefined ? reply.seq : placeOf(before);
  };
  return replies.filter(({ id }) => !superseded.has(id)).toSorted((a, b) => placeOf(a) - placeOf(b));
}

type ReplyText = Reply & {
  step: string | null;
  agentKey: string | null;
  agentName: string | null;
  status: "completed" | "failed";
  content: string;
  /** Null: the user has not deleted the message. */
  deletedAt: Date | null;
};

/** The one text of a turn: its synthesis where one is completed, else its current replies. Deleted ones are left out. */
export function joinCurrentReplies(messages: readonly ReplyText[]): string {
  const current = currentReplies(messages).filter(({ deletedAt }) => deletedAt === null);
  const synthesis = current.find((reply) => isSynthesis(reply) && reply.status === "completed");
  const shown = synthesis === undefined ? current : [synthesis];
  return joinReplies(shown.map(({ agentName, content }) => ({ agentName: agentName ?? "", content })));
}

type StepOfReply = { step: string | null; agentKey: string | null };

export function isSynthesis(reply: StepOfReply): boolean {
  return stepRoleOf(stepOfReply(reply)) === "synthesis";
}

/** Only a user's message has no agent. */
export function stepOfReply({ step, agentKey }: StepOfReply): string {
  if (agentKey === null) throw new Error("A reply has no agent.");
  return stepIdOf({ step, agentKey });
}

/**
 * Whether a synthesis was written before one of the current answers. A retry brought that answer, and the synthesis does
 * not include it.
 */
export function isStale(
  synthesis: Pick<Reply, "seq">,
  current: readonly (Reply & StepOfReply & { status: "completed" | "failed" })[],
): boolean {
  return current.some((reply) => reply.status === "completed" && reply.seq > synthesis.seq);
}

type StepReply = Reply & StepOfReply & { round: number | null; status: "completed" | "failed" };

/** The agents' steps whose current replies are failures, in the turn's order. */
export function failedAgentSteps(messages: readonly StepReply[]): FailedStep[] {
  return currentReplies(messages).flatMap((reply) => {
    const { status, agentKey, round } = reply;
    if (status !== "failed" || agentKey === null || isSynthesis(reply)) return [];
    return [{ id: stepOfReply(reply), agentKey, round: round ?? 1 }];
  });
}

export function hasCompletedSynthesis(messages: readonly StepReply[]): boolean {
  return currentReplies(messages).some((reply) => isSynthesis(reply) && reply.status === "completed");
}
