import { type ModelAnswer, type ReportedUsage, tokensOf } from "./answer.ts";
import { type ChatCall, transcriptOf } from "./chat-call.ts";

/** An answer with its defaults filled in. `usage` is null when none is reported for this call. */
export type Completion = {
  deltas: string[];
  toolCalls: { id: string; type: "function"; function: { name: string; arguments: string } }[];
  finishReason: string | null;
  usage: ReportedUsage | null;
};

export function completionOf(call: ChatCall, answer: ModelAnswer): Completion {
  const deltas = answer.deltas ?? (answer.text ? [answer.text] : []);
  const toolCalls = (answer.tool_calls ?? []).map((toolCall, index) => ({
    id: toolCall.id ?? `call_${call.callId.slice(-8)}_${index}`,
    type: "function" as const,
    function: { name: toolCall.name, arguments: toolCall.arguments },
  }));
  const finishReason = answer.finish_reason ?? (toolCalls.length ? "tool_calls" : "stop");
  const isReported = answer.usage !== null && (!call.stream || call.includeUsage);
  return {
    deltas,
    toolCalls,
    finishReason: answer.finish_reason === null ? null : finishReason,
    usage: isReported ? (answer.usage ?? countedUsage(call, deltas, toolCalls)) : null,
  };
}

function countedUsage(call: ChatCall, deltas: string[], toolCalls: unknown[]): ReportedUsage {
  const said = deltas.join("") + (toolCalls.length ? JSON.stringify(toolCalls) : "");
  return { prompt_tokens: tokensOf(transcriptOf(call)), completion_tokens: tokensOf(said) };
}

/** The body of an unstreamed answer. */
export function completionBody(call: ChatCall, { deltas, toolCalls, finishReason, usage }: Completion) {
  const message = {
    role: "assistant",
    content: deltas.length || !toolCalls.length ? deltas.join("") : null,
    ...(toolCalls.length ? { tool_calls: toolCalls } : {}),
  };
  return {
    ...envelope(call, "chat.completion"),
    choices: [{ index: 0, message, finish_reason: finishReason, logprobs: null }],
    ...(usage ? { usage: usageBody(usage) } : {}),
  };
}

/** The data lines of a streamed answer, in order, without `[DONE]`; the first `deltas.length` carry text. */
export function completionChunks(call: ChatCall, { deltas, toolCalls, finishReason, usage }: Completion) {
  const spoken = deltas.map((content) => ({ content }));
  const called = toolCalls.flatMap((toolCall, index) => [
    { tool_calls: [{ index, ...toolCall, function: { ...toolCall.function, arguments: "" } }] },
    { tool_calls: [{ index, function: { arguments: toolCall.function.arguments } }] },
  ]);
  const chunks: object[] = [...spoken, ...called].map((delta, index) =>
    chunkOf(call, index === 0 ? { role: "assistant", ...delta } : delta, null),
  );
  if (finishReason !== null) chunks.push(chunkOf(call, {}, finishReason));
  if (usage) {
    chunks.push({ ...envelope(call, "chat.completion.chunk"), choices: [], usage: usageBody(usage) });
  }
  return chunks;
}

/** What OpenRouter sends when a provider fails in mid-answer; the HTTP status stays 200. */
export function errorEvent(call: ChatCall) {
  const error = { code: 502, message: "Provider disconnected unexpectedly" };
  return { ...chunkOf(call, { content: "" }, "error"), error };
}

function chunkOf(call: ChatCall, delta: object, finishReason: string | null) {
  const choices = [{ index: 0, delta, finish_reason: finishReason, logprobs: null }];
  return { ...envelope(call, "chat.completion.chunk"), choices };
}

function envelope(call: ChatCall, object: string) {
  return { id: call.callId, object, created: 1_767_225_600, model: call.model };
}

function usageBody({ prompt_tokens, completion_tokens, cached_tokens, cost }: ReportedUsage) {
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    ...(cached_tokens === undefined ? {} : { prompt_tokens_details: { cached_tokens } }),
    ...(cost === undefined ? {} : { cost }),
  };
}
