import type { TokenUsage } from "../../domain/billing/pricing.ts";
import { wholeText } from "../../domain/context/prompt.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import { type AnswerSoFar, toolCallsOf } from "./answer-reader.ts";
import type { HttpAttempt } from "./http-attempts.ts";
import type { BilledAttempt, ModelRequest } from "./model-port.ts";

export type BillingOptions = {
  now: () => number;
  /** Estimated tokens of a text, where the provider reports none. */
  estimateTokens: (text: string) => number;
};

/** How a call ended: what was read of its last attempt, and why that is no answer. */
export type CallEnding = { answer: AnswerSoFar; failure: AgentFailure | null };

/** The ledger's view of a call: its attempts that were billed or may have been. */
export function billCall(
  attempts: readonly HttpAttempt[],
  ending: CallEnding,
  request: ModelRequest,
  options: BillingOptions,
): BilledAttempt[] {
  const last = attempts.at(-1);
  return attempts.flatMap((attempt) =>
    billAttempt(attempt, attempt === last ? ending : null, request, options),
  );
}

/**
 * A refusal (an HTTP error status) was not billed and gives nothing. An attempt that got no headers may have
 * been, and is `unknown`; so is one whose answer was cut before it began.
 */
function billAttempt(
  attempt: HttpAttempt,
  ending: CallEnding | null,
  request: ModelRequest,
  { now, estimateTokens }: BillingOptions,
): BilledAttempt[] {
  const isRefused = attempt.status !== null && (attempt.status < 200 || attempt.status > 299);
  if (isRefused) return [];
  const isUnknown = ending === null || attempt.status === null || !hasBegun(ending.answer);
  const reported = ending?.answer.reported ?? null;
  return [
    {
      attempt: attempt.attempt,
      usage: reported?.usage ?? estimateUsage(request, isUnknown ? null : ending.answer, estimateTokens),
      usageSource: reported === null ? "estimated" : "provider",
      providerCostUsd: reported?.costUsd ?? null,
      status: isUnknown ? "unknown" : ending.failure === null ? "completed" : "failed",
      latencyMs: (isUnknown ? (attempt.endedAtMs ?? now()) : now()) - attempt.startedAtMs,
      providerRequestId: ending?.answer.responseId ?? attempt.requestId,
    },
  ];
}

function hasBegun({ text, toolCalls, finishReason, reported }: AnswerSoFar): boolean {
  return text !== "" || toolCalls.length > 0 || finishReason !== null || reported !== null;
}

/** What the provider would have counted; without an answer nothing was put out. Costs time in long prompts. */
function estimateUsage(
  { messages }: ModelRequest,
  answer: AnswerSoFar | null,
  estimateTokens: (text: string) => number,
): TokenUsage {
  return {
    fresh: messages.reduce((sum, message) => sum + estimateTokens(wholeText(message)), 0),
    cached: 0,
    output:
      answer === null
        ? 0
        : estimateTokens(wholeText({ content: answer.text, toolCalls: toolCallsOf(answer) })),
  };
}
