import { joinReplies } from "./turn-outcome.ts";

type Reply = {
  id: string;
  seq: number;
  role: "user" | "assistant" | "tool";
  visibility: "shared" | "private";
  supersedesId: string | null;
};

/**
 * The replies of a turn that stand, in the order of its plan: a reply that supersedes a failed one takes
 * its place.
 */
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

/** The replies of a turn that stand, as the one text that the turn has of them. */
export function joinStandingReplies(
  messages: readonly (Reply & { agentName: string | null; content: string })[],
): string {
  const currentReply = currentReplies(messages);
  return joinReplies(currentReply.map(({ agentName, content }) => ({ agentName: agentName ?? "", content })));
}

/** Whose replies that stand are failures, in the turn's order. */
export function failedAgentKeys(
  messages: readonly (Reply & { status: "completed" | "failed"; agentKey: string | null })[],
): string[] {
  return currentReplies(messages).flatMap(({ status, agentKey }) =>
    status === "failed" && agentKey !== null ? [agentKey] : [],
  );
}
