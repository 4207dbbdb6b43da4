import { planAgent } from "../../domain/plan/turn-plan.ts";
import { currentReplies } from "../../domain/turn/current-replies.ts";
import { type AgentReply, replyContent } from "../../domain/turn/turn-outcome.ts";
import type { ClaimRow, MessageRow } from "./stored-turn.ts";
import type { TurnRecordInput } from "./turn-record-input.ts";

/** A message before it has its `seq`. */
export type UnnumberedMessage = Omit<MessageRow, "seq" | "estimatedTokens" | "excluded">;

export function buildUserMessage({ claim, openedAt }: TurnRecordInput): UnnumberedMessage {
  return {
    ...messageDefaults(claim),
    id: claim.snapshot.userMessageId,
    role: "user",
    agentKey: null,
    agentName: null,
    status: "completed",
    error: null,
    content: claim.request.message,
    finishReason: null,
    supersedesId: null,
    createdAt: openedAt,
  };
}

export function buildReplyMessage(input: TurnRecordInput, reply: AgentReply): UnnumberedMessage {
  const { claim, plan, retried, finishedAt } = input;
  const agentName = planAgent(plan, reply.agentKey).name;
  const superseded = currentReplies(retried?.messages ?? []).find(
    ({ agentKey }) => agentKey === reply.agentKey,
  );
  return {
    ...messageDefaults(claim),
    id: reply.messageId,
    role: "assistant",
    agentKey: reply.agentKey,
    agentName,
    status: reply.status,
    error: reply.status === "failed" ? reply.failure : null,
    content: replyContent(agentName, reply),
    finishReason: reply.status === "completed" ? (reply.finishReason ?? null) : null,
    supersedesId: superseded?.id ?? null,
    createdAt: finishedAt,
  };
}

/** The tool calls and tool results of an agent before its reply. No other agent sees them. */
export function buildPrivateMessages(
  { claim, plan, outcome, finishedAt }: TurnRecordInput,
  agentKey: string,
): UnnumberedMessage[] {
  const messages = outcome.privateMessages.filter((message) => message.agentKey === agentKey);
  return messages.map(({ id, role, content }) => ({
    ...messageDefaults(claim),
    id,
    role,
    agentKey,
    agentName: planAgent(plan, agentKey).name,
    visibility: "private",
    status: "completed",
    error: null,
    content,
    finishReason: null,
    supersedesId: null,
    createdAt: finishedAt,
  }));
}

function messageDefaults({ sessionId, turnId, runId }: ClaimRow) {
  return { sessionId, turnId, runId, visibility: "shared" } as const;
}
