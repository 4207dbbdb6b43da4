import type { TokenUsage } from "@ag-ui/core";
import { agentFailureText, agentLabel } from "../../domain/text/agent-label.ts";
import { type AnsweredReply, type AnsweredTurn, finishReasonOf, placeOf } from "../answered-turn.ts";

export type CompletionHead = { turnId: string; model: string; created: number };

/** Fields that a completion and each chunk of a streamed one have. */
export function headOf({ turnId, model, created }: CompletionHead) {
  return { id: `chatcmpl-${turnId}`, created, model };
}

/** A stored turn as one completion. */
export function toCompletion(head: CompletionHead, turn: AnsweredTurn, usage: readonly TokenUsage[]) {
  const content = turn.replies.map(toBlock).join(blockSeparator);
  const message = { role: "assistant" as const, content, refusal: null };
  return {
    ...headOf(head),
    object: "chat.completion" as const,
    choices: [{ index: 0 as const, message, logprobs: null, finish_reason: finishReasonOf(turn) }],
    usage: toCompletionUsage(usage),
    metadata: placeOf(turn),
  };
}

export const blockSeparator = "\n\n";

/** A reply under its author's name, or that the agent failed. */
export function toBlock({ agent_name: name, content, error }: AnsweredReply): string {
  return error === null ? agentLabel(name) + content : agentFailureText(name, error);
}

export function toCompletionUsage(usage: readonly TokenUsage[]) {
  const sum = (tokensOf: (used: TokenUsage) => number | undefined) =>
    usage.reduce((total, used) => total + (tokensOf(used) ?? 0), 0);
  return {
    prompt_tokens: sum(({ inputTokens }) => inputTokens),
    completion_tokens: sum(({ outputTokens }) => outputTokens),
    total_tokens: sum(({ totalTokens }) => totalTokens),
    prompt_tokens_details: { cached_tokens: sum(({ cachedInputTokens }) => cachedInputTokens) },
  };
}
