import { stepRoleOf } from "../../domain/plan/step.ts";
import { takenSteps } from "../../domain/plan/taken-steps.ts";
import { agentOfStep } from "../../domain/plan/turn-plan.ts";
import { currentReplies, stepOfReply } from "../../domain/turn/current-replies.ts";
import { type AgentReply, replyContent } from "../../domain/turn/turn-outcome.ts";
import type { ClaimRow, MessageRow } from "./stored-turn.ts";
import type { TurnRecordInput } from "./turn-record-input.ts";

/** A message before it has its `seq`. */
export type UnnumberedMessage = Omit<MessageRow, "seq" | "estimatedTokens" | "excluded">;

export function buildUserMessage({ claim }: TurnRecordInput): UnnumberedMessage {
  return {
    ...messageDefaults(claim),
    id: claim.snapshot.userMessageId,
    role: "user",
    step: null,
    round: null,
    agentKey: null,
    agentName: null,
    status: "completed",
    error: null,
    content: claim.request.message,
    partial: null,
    finishReason: null,
    supersedesId: null,
    createdAt: claim.openedAt,
  };
}

export function buildReplyMessage(input: TurnRecordInput, reply: AgentReply): UnnumberedMessage {
  const { claim, plan, retried, finishedAt } = input;
  const agentName = agentOfStep(plan, reply).name;
  const superseded = currentReplies(retried?.messages ?? []).find(
    (before) => stepOfReply(before) === reply.step,
  );
  return {
    ...messageDefaults(claim),
    id: reply.messageId,
    role: "assistant",
    step: reply.step,
    round: roundOf(input, reply.step),
    agentKey: reply.agentKey,
    agentName,
    status: reply.status,
    error: reply.status === "failed" ? reply.failure : null,
    content: replyContent(agentName, reply),
    partial: reply.status === "failed" ? (reply.partial ?? null) : null,
    finishReason: reply.status === "completed" ? (reply.finishReason ?? null) : null,
    supersedesId: superseded?.id ?? null,
    createdAt: finishedAt,
  };
}

/** A synthesis belongs to no round. */
function roundOf({ plan, outcome }: TurnRecordInput, step: string): number | null {
  if (stepRoleOf(step) === "synthesis") return null;
  return takenSteps(plan, outcome.decisions).find(({ id }) => id === step)?.round ?? 1;
}

/** The tool calls and tool results of a step before its reply. No other agent sees them. */
export function buildPrivateMessages(input: TurnRecordInput, step: string): UnnumberedMessage[] {
  const { claim, plan, outcome, finishedAt } = input;
  const messages = outcome.privateMessages.filter((message) => message.step === step);
  return messages.map(({ id, agentKey, role, content }) => ({
    ...messageDefaults(claim),
    id,
    role,
    step,
    round: roundOf(input, step),
    agentKey,
    agentName: agentOfStep(plan, { step, agentKey }).name,
    visibility: "private",
    status: "completed",
    error: null,
    content,
    partial: null,
    finishReason: null,
    supersedesId: null,
    createdAt: finishedAt,
  }));
}

function messageDefaults({ sessionId, turnId, runId }: ClaimRow) {
  return { sessionId, turnId, runId, visibility: "shared", deletedAt: null } as const;
}
