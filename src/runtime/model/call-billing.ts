import type { TokenUsage } from "../../domain/billing/pricing.ts";
import { wholeText } from "../../domain/context/prompt.ts";
import { type AnswerState, hasStarted, type ReasoningText } from "./answer-state.ts";
import type { HttpAttempt } from "./http-attempts.ts";
import type { BilledAttempt, ModelRequest } from "./model-port.ts";
import { toolCallsOf } from "./tool-call-assembly.ts";
import { formatCost, toTokenUsage } from "./usage-report.ts";

export type BillingOptions = {
  now: () => number;
  /** Estimated tokens of a text, where the provider reports none. */
  estimateTokens: (text: string) => number;
};

/** The attempts of a call that were billed or may have been, for the ledger. */
export function billCall(
  attempts: readonly HttpAttempt[],
  request: ModelRequest,
  options: BillingOptions,
): BilledAttempt[] {
  return attempts
    .filter((attempt) => !isRefused(attempt))
    .map((attempt) => billAttempt(attempt, request, options));
}

/** Not billed: an HTTP error status, and an error below 500 in a stream before any part of an answer. */
function isRefused({ status, answer }: HttpAttempt): boolean {
  if (status !== null && (status < 200 || status > 299)) return true;
  const refusal = answer === null || hasStarted(answer) ? null : answer.error;
  return refusal?.status !== null && refusal?.status !== undefined && refusal.status < 500;
}

/**
 * An attempt without headers, or without any part of an answer, may have been billed. Its status is `unknown`. One that a
 * cancel cut off is billed: with its whole prompt, and what had arrived.
 */
function billAttempt(attempt: HttpAttempt, request: ModelRequest, options: BillingOptions): BilledAttempt {
  const { now, estimateTokens } = options;
  const answer = attempt.answer !== null && hasStarted(attempt.answer) ? attempt.answer : null;
  return {
    attempt: attempt.attempt,
    ...(attempt.isCancelled ? countCut : countUsage)(answer, request, estimateTokens),
    providerCostUsd: formatCost(answer?.usage?.costUsd ?? null),
    status: statusOf(attempt, answer),
    latencyMs: (answer === null ? (attempt.endedAtMs ?? now()) : now()) - attempt.startedAtMs,
    providerRequestId: attempt.answer?.responseId ?? attempt.requestId,
  };
}

function statusOf(
  { failure, isCancelled }: HttpAttempt,
  answer: AnswerState | null,
): BilledAttempt["status"] {
  if (isCancelled) return "failed";
  if (answer === null) return "unknown";
  return failure === null ? "completed" : "failed";
}

type CountedUsage = Pick<BilledAttempt, "usage" | "usageSource">;

/** A report in the middle of an answer may be of less than had arrived. */
function countCut(
  answer: AnswerState | null,
  request: ModelRequest,
  estimateTokens: (text: string) => number,
): CountedUsage {
  const { usage } = countUsage(answer, request, estimateTokens);
  const arrived = answer === null ? 0 : estimateOutput(answer, estimateTokens);
  return { usage: { ...usage, output: Math.max(usage.output, arrived) }, usageSource: "estimated" };
}

function countUsage(
  answer: AnswerState | null,
  request: ModelRequest,
  estimateTokens: (text: string) => number,
): CountedUsage {
  const outputTokens = () => (answer === null ? 0 : estimateOutput(answer, estimateTokens));
  if (answer === null || answer.usage === null) {
    const fresh = estimateInput(request, estimateTokens);
    return { usage: { fresh, cached: 0, output: outputTokens() }, usageSource: "estimated" };
  }
  const usage: TokenUsage = toTokenUsage(answer.usage, answer.reasoning.characters > 0);
  // A text without output tokens is a wrong report.
  const isOutputMissing = usage.output === 0 && (answer.text !== "" || answer.calls.calls.length > 0);
  return isOutputMissing
    ? { usage: { ...usage, output: outputTokens() }, usageSource: "estimated" }
    : { usage, usageSource: "provider" };
}

/** Estimates what the provider would have counted. Takes time for long prompts. */
function estimateInput({ messages }: ModelRequest, estimateTokens: (text: string) => number): number {
  return messages.reduce((sum, message) => sum + estimateTokens(wholeText(message)), 0);
}

function estimateOutput(
  { text, calls, reasoning }: AnswerState,
  estimateTokens: (text: string) => number,
): number {
  const said = estimateTokens(wholeText({ content: text, toolCalls: toolCallsOf(calls) }));
  return said + estimateReasoning(reasoning, estimateTokens);
}

function estimateReasoning({ text, characters }: ReasoningText, estimateTokens: (text: string) => number) {
  if (text === "") return 0;
  return Math.ceil((estimateTokens(text) * characters) / text.length);
}
