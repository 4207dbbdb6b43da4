import { type LatestMessage, loadLatestMessages } from "../db/turn/latest-messages.ts";
import type { Deps } from "../deps.ts";
import { currentReplies } from "../domain/turn/current-replies.ts";
import { type AgentReply, replyContent } from "../domain/turn/turn-outcome.ts";
import type { OpenedRun } from "./finish-run.ts";

/**
 * The session's shared conversation as it stands for a run that is resumed: what is stored (bounded, see
 * latest-messages.ts), the turn's own message, and the replies that had arrived, under the ids that their stored
 * messages will have. One request.
 */
export async function recallRun(deps: Deps, run: OpenedRun): Promise<LatestMessage[]> {
  const { claim, plan, retried, userId } = run;
  const { sessionId } = claim;
  const [stored, arrived] = await Promise.all([
    loadLatestMessages(deps.db, { sessionId, userId }),
    deps.arrivedReplies(plan, claim.checkpoint),
  ]);
  const keys = new Set<string | null>(arrived.map(({ agentKey }) => agentKey));
  const superseded = currentReplies(retried?.messages ?? []).filter(({ agentKey }) => keys.has(agentKey));
  const gone = new Set(superseded.map(({ id }) => id));
  return [
    ...stored.filter(({ id }) => !gone.has(id)),
    ...(claim.kind === "turn" ? [toUserMessage(run)] : []),
    ...arrived.map((reply) => toReplyMessage(run, reply)),
  ];
}

function toUserMessage({ claim }: OpenedRun): LatestMessage {
  return {
    ...{ id: claim.snapshot.userMessageId, role: "user", status: "completed" },
    ...{ agent_key: null, agent_name: null, content: claim.request.message },
  };
}

function toReplyMessage({ plan }: OpenedRun, reply: AgentReply): LatestMessage {
  const { agentKey, messageId, status } = reply;
  const agentName = plan.agents.find((agent) => agent.agentKey === agentKey)?.name ?? agentKey;
  return {
    ...{ id: messageId, role: "assistant", status },
    ...{ agent_key: agentKey, agent_name: agentName, content: replyContent(agentName, reply) },
  };
}
