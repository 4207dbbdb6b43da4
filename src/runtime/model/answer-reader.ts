import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import type { AgentFailure } from "../../domain/agent-failure.ts";
import type { TokenUsage } from "../../domain/pricing.ts";

/** A cap far above any answer within MAX_OUTPUT_TOKENS: a peer that streams for ever fails. */
const longestAnswerCharacters = 1_000_000;

export type ReportedUsage = { usage: TokenUsage; costUsd: string | null };

/** What has been read of one streamed answer; it is complete only with a finish reason. */
export type AnswerSoFar = {
  text: string;
  finishReason: string | null;
  reported: ReportedUsage | null;
  responseId: string | null;
};

export function emptyAnswer(): AnswerSoFar {
  return { text: "", finishReason: null, reported: null, responseId: null };
}

/** Adds one chunk to what was read and gives its new text. NUL, which Postgres cannot store, is dropped. */
export function readChunk(answer: AnswerSoFar, chunk: ChatCompletionChunk): string {
  answer.responseId ??= chunk.id || null;
  if (chunk.usage) answer.reported = readUsage(chunk.usage);
  const [choice] = chunk.choices ?? [];
  if (choice?.finish_reason) answer.finishReason = choice.finish_reason;
  const delta = (choice?.delta?.content ?? "").replaceAll("\u0000", "");
  answer.text += delta;
  return delta;
}

export function isTooLong(answer: AnswerSoFar): boolean {
  return answer.text.length > longestAnswerCharacters;
}

/** Why an answer that was read to the end of its stream is none; null where it is one. */
export function judgeAnswer(answer: AnswerSoFar): AgentFailure | null {
  switch (answer.finishReason) {
    case "stop":
      if (answer.text.trim() === "") return badResponse("The model gave an empty answer.");
      return answer.text.isWellFormed() ? null : badResponse("The model's answer is not well-formed text.");
    case "length":
      return { code: "model_truncated", message: "The answer was cut at the model's output limit." };
    case "content_filter":
      return { code: "model_refused", message: "The provider's content filter stopped the answer." };
    case null:
      return { code: "model_stream_cut", message: "The answer ended before it was finished." };
    default:
      return badResponse("The model stopped for a reason that is not known here.");
  }
}

function badResponse(message: string): AgentFailure {
  return { code: "model_bad_response", message };
}

type WireUsage = NonNullable<ChatCompletionChunk["usage"]> & { cost?: unknown };

/** Cached tokens that are not reported are 0, and all input is fresh. Figures that cannot be are no report. */
function readUsage(wire: WireUsage): ReportedUsage | null {
  const cached = wire.prompt_tokens_details?.cached_tokens ?? 0;
  const usage = { fresh: wire.prompt_tokens - cached, cached, output: wire.completion_tokens };
  const isCount = (count: unknown) =>
    Number.isSafeInteger(count) && Number(count) >= 0 && Number(count) < 2 ** 31;
  if (!Object.values(usage).every(isCount)) return null;
  return { usage, costUsd: readCostUsd(wire.cost) };
}

/** OpenRouter's `cost`; what the provider does not state, or states oddly, is unknown, never zero. */
function readCostUsd(cost: unknown): string | null {
  return typeof cost === "number" && cost >= 0 && cost < 1e9 ? cost.toFixed(8) : null;
}
