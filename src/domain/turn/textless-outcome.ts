import { turnTooLarge } from "./turn-limiter.ts";
import type { AgentReply, TurnOutcome } from "./turn-outcome.ts";

/**
 * The outcome of a turn that the database takes no request of, less all its texts: every reply fails, and what was
 * spent stands. What is left is bounded by the number of calls.
 */
export function withoutTexts(outcome: TurnOutcome): TurnOutcome {
  const replies = outcome.replies.map(
    ({ step, agentKey, messageId }): AgentReply => ({
      step,
      agentKey,
      messageId,
      status: "failed",
      failure: turnTooLarge,
    }),
  );
  return { ...outcome, replies, privateMessages: [], toolEvents: [], summary: null };
}
