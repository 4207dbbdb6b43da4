import type { TokenUsage } from "@ag-ui/core";
import { agentFailureText, agentLabel } from "../../domain/text/agent-label.ts";

/** What a completion takes of a stored turn, in its wire form. */
export type AnsweredTurn = {
  id: string;
  session_id: string;
  status: "completed" | "partial" | "failed";
  replies: AnsweredReply[];
  credits: { spent: string };
};

export type AnsweredReply = {
  message_id: string;
  agent_name: string;
  status: string;
  content: string;
  finish_reason: string | null;
  error: { code: string; message: string } | null;
};

export type CompletionHead = { turnId: string; sessionId: string; model: string; created: number };

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
    metadata: toMetadata(turn),
  };
}

export const blockSeparator = "\n\n";

/** A reply under its author's name, or that the agent failed. */
export function toBlock({ agent_name: name, content, error }: AnsweredReply): string {
  return error === null ? agentLabel(name) + content : agentFailureText(name, error);
}

export function finishReasonOf({ replies }: AnsweredTurn): "stop" | "length" {
  return replies.at(-1)?.finish_reason === "length" ? "length" : "stop";
}

/** Where the turn is, and what it cost. OpenAI's `metadata` has strings only. */
export function toMetadata({ id, session_id, status, credits }: AnsweredTurn) {
  return { session_id, turn_id: id, status, credits: credits.spent };
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
