import { type LatestMessage, loadLatestMessages } from "../db/turn/latest-messages.ts";
import type { Deps } from "../deps.ts";
import { agentOfStep } from "../domain/plan/turn-plan.ts";
import { currentReplies, stepOfReply } from "../domain/turn/current-replies.ts";
import { type AgentReply, replyContent } from "../domain/turn/turn-outcome.ts";
import type { Run } from "./run.ts";

/**
 * The session's shared conversation for the client of a resumed run: the stored messages (bounded, see
 * latest-messages.ts), the turn's own message, and the replies that had arrived, under the ids that their stored
 * messages will have. One request to the database.
 */
export async function loadRunSnapshot(deps: Deps, run: Run): Promise<LatestMessage[]> {
  const { turn, plan, request } = run;
  const { claim, checkpoint, retried } = turn;
  const [stored, arrived] = await Promise.all([
    loadLatestMessages(deps.db, { sessionId: claim.sessionId, userId: request.user.userId }),
    deps.storedReplies(plan, checkpoint),
  ]);
  const steps = new Set(arrived.map(({ step }) => step));
  const superseded = currentReplies(retried?.messages ?? []).filter((reply) => steps.has(stepOfReply(reply)));
  const supersededIds = new Set(superseded.map(({ id }) => id));
  return [
    ...stored.filter(({ id }) => !supersededIds.has(id)),
    ...(claim.kind === "turn" ? [toUserMessage(run)] : []),
    ...arrived.map((reply) => toReplyMessage(run, reply)),
  ];
}

function toUserMessage({ turn }: Run): LatestMessage {
  const { snapshot, request } = turn.claim;
  return {
    id: snapshot.userMessageId,
    role: "user",
    agentKey: null,
    agentName: null,
    status: "completed",
    content: request.message,
    partial: null,
  };
}

function toReplyMessage({ plan }: Run, reply: AgentReply): LatestMessage {
  const { agentKey, messageId, status } = reply;
  const agentName = agentOfStep(plan, reply).name;
  return {
    id: messageId,
    role: "assistant",
    agentKey,
    agentName,
    status,
    content: replyContent(agentName, reply),
    partial: null,
  };
}
