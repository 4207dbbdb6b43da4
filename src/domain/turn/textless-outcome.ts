import { turnTooLarge } from "./turn-limiter.ts";
import type { AgentReply, TurnOutcome } from "./turn-outcome.ts";

/**
 * The outcome of a turn that is too large for a request to the database, without its texts. Every reply fails; the calls
 * stay, since they were billed. The size of the rest is bounded by the number of calls.
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
  const toolEvents = outcome.toolEvents
    .filter(({ creditsCharged }) => creditsCharged !== undefined)
    .map((event) => ({ ...event, input: {}, output: {} }));
  return { ...outcome, replies, privateMessages: [], toolEvents, summary: null };
}
