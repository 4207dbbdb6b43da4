import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import type { TokenUsage } from "../../domain/billing/pricing.ts";
import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";

/** No language needs more for a token: a peer that streams on regardless of its limit fails. */
const mostCharactersPerToken = 32;

/** More calls in one answer than this are not taken in. */
const mostToolCalls = 16;

export type ReportedUsage = { usage: TokenUsage; costUsd: string | null };

/** What has been read of one streamed answer; it is complete only with a finish reason. */
export type AnswerSoFar = {
  text: string;
  toolCalls: ToolCallRequest[];
  finishReason: string | null;
  reported: ReportedUsage | null;
  responseId: string | null;
};

export function emptyAnswer(): AnswerSoFar {
  return { text: "", toolCalls: [], finishReason: null, reported: null, responseId: null };
}

/** Adds one chunk to what was read and gives its new text. NUL, which Postgres cannot store, is dropped. */
export function readChunk(answer: AnswerSoFar, chunk: ChatCompletionChunk): string {
  answer.responseId ??= readId(chunk.id);
  if (chunk.usage) answer.reported = readUsage(chunk.usage);
  const [choice] = chunk.choices ?? [];
  if (choice?.finish_reason) answer.finishReason = choice.finish_reason;
  for (const part of choice?.delta?.tool_calls ?? []) readToolCall(answer.toolCalls, part);
  const delta = storable(choice?.delta?.content ?? "");
  answer.text += delta;
  return delta;
}

type ToolCallDelta = NonNullable<ChatCompletionChunk.Choice.Delta["tool_calls"]>[number];

/** A call comes in pieces that share an index: name and id first, then its arguments bit by bit. */
function readToolCall(calls: ToolCallRequest[], { index, id, function: named }: ToolCallDelta): void {
  if (!Number.isInteger(index) || index < 0 || index >= mostToolCalls) return;
  const call = calls[index] ?? { id: "", name: "", argumentsText: "" };
  calls[index] = {
    id: call.id || storable(id ?? "").slice(0, 200),
    name: call.name + storable(named?.name ?? ""),
    argumentsText: call.argumentsText + storable(named?.arguments ?? ""),
  };
}

/** The calls of a whole answer: named ones only, each with an id of its own whatever the provider sent. */
export function toolCallsOf({ toolCalls }: AnswerSoFar): ToolCallRequest[] {
  const ids = new Set<string>();
  return toolCalls.flatMap((call, place) => {
    if (!call?.name) return [];
    const id = call.id !== "" && !ids.has(call.id) ? call.id : `call-${place + 1}`;
    ids.add(id);
    return [
      { id, name: call.name.slice(0, 200).toWellFormed(), argumentsText: call.argumentsText.toWellFormed() },
    ];
  });
}

/** NUL cannot be stored in Postgres. */
function storable(text: string): string {
  return text.replaceAll("\u0000", "");
}

/** A provider's id is kept where it is a plain word: what cannot be stored would cost the whole turn. */
function readId(id: unknown): string | null {
  return typeof id === "string" && /^[\x21-\x7e]{1,200}$/.test(id) ? id : null;
}

export function isTooLong({ text, toolCalls }: AnswerSoFar, maxOutputTokens: number): boolean {
  const argumentCharacters = toolCalls.reduce((sum, call) => sum + (call?.argumentsText.length ?? 0), 0);
  return text.length + argumentCharacters > maxOutputTokens * mostCharactersPerToken;
}

/** Why an answer that was read to the end of its stream is none; null where it is one. */
export function judgeAnswer(answer: AnswerSoFar): AgentFailure | null {
  switch (answer.finishReason) {
    case "tool_calls":
    case "stop":
      // Stored in either case: as a reply, or as what was said beside its calls.
      if (!answer.text.isWellFormed()) return badResponse("The model's answer is not well-formed text.");
      // Some providers end an answer that asks for tools with `stop`.
      if (toolCallsOf(answer).length > 0) return null;
      return answer.text.trim() === "" ? badResponse("The model gave an empty answer.") : null;
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
  const counts = Object.values(usage);
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0)) return null;
  // The ledger's columns are 32-bit, their sum among them.
  if (counts.reduce((sum, count) => sum + count, 0) >= 2 ** 31) return null;
  return { usage, costUsd: readCostUsd(wire.cost) };
}

/** OpenRouter's `cost`; what the provider does not state, or states oddly, is unknown, never zero. */
function readCostUsd(cost: unknown): string | null {
  return typeof cost === "number" && cost >= 0 && cost < 1e9 ? cost.toFixed(8) : null;
}
