import type { ReportedUsage } from "./answer.ts";
import type { ChatCall } from "./chat-call.ts";
import { type Completion, contentOf, envelope, finishWord, thinkingPart } from "./completion.ts";
import { type Dialect, dialects } from "./dialects.ts";
import { toolCallDeltas } from "./tool-call-form.ts";
import { usageBody } from "./usage-form.ts";

const streamObject = "chat.completion.chunk";

/** One event of a stream. */
export type StreamChunk = {
  chunk: object;
  /** Whether it carries a piece of the reply's text. */
  isText: boolean;
  /** The provider waits so long before it. */
  delayMs: number;
};

/** The events of a streamed answer, in order, without `[DONE]`. */
export function completionChunks(call: ChatCall, completion: Completion): StreamChunk[] {
  const { dialect, deltas, toolCalls, usage } = completion;
  const form = dialect.usage;
  const carrying: { delta: object; isText: boolean }[] = [
    ...reasoningDeltas(completion).map((delta) => ({ delta, isText: false })),
    ...deltas.map((text) => ({ delta: { content: contentOf(text, dialect) }, isText: true })),
    ...toolCallDeltas(toolCalls, dialect.toolCalls).map((delta) => ({ delta, isText: false })),
  ];
  const opening = openingChunks(call, dialect);
  const chunks: StreamChunk[] = carrying.map(({ delta, isText }, index) => {
    const isFirst = index === 0 && opening.length === 0;
    const soFar = usage && form.at === "every_chunk" ? partOf(usage, (index + 1) / carrying.length) : null;
    return {
      chunk: {
        ...chunkOf(call, dialect, isFirst ? { role: "assistant", ...delta } : delta, null),
        ...(soFar ? { usage: usageBody(soFar, form) } : {}),
      },
      isText,
      delayMs: 0,
    };
  });
  const closing = closingChunks(call, completion);
  return [...opening.map((chunk) => ({ chunk, isText: false, delayMs: 0 })), ...chunks, ...closing];
}

function openingChunks(call: ChatCall, dialect: Dialect): object[] {
  const role = chunkOf(call, dialect, { role: "assistant", content: "" }, null);
  switch (dialect.opening) {
    case "nothing":
      return [];
    case "role":
      return [role];
    case "prompt_filter_and_role": {
      const prompt_filter_results = [{ prompt_index: 0, content_filter_results: {} }];
      return [{ ...envelope(call, streamObject, dialect), choices: [], prompt_filter_results }, role];
    }
  }
}

function closingChunks(
  call: ChatCall,
  { dialect, finishReason, usage, usageDelayMs: delayMs }: Completion,
): StreamChunk[] {
  const { at } = dialect.usage;
  const body = usage ? usageBody(usage, dialect.usage) : null;
  const finish = finishReason === null ? null : chunkOf(call, dialect, {}, finishWord(dialect, finishReason));
  const closing: StreamChunk[] = [];
  // A report that belongs into the finish chunk comes in one of its own where there is none.
  const isBeside = body !== null && finish !== null && at !== "last_chunk";
  if (finish !== null) {
    closing.push({ chunk: isBeside ? withUsage(finish, body, at) : finish, isText: false, delayMs: 0 });
  }
  if (body !== null && !isBeside) {
    const chunk = { ...envelope(call, streamObject, dialect), choices: [], usage: body };
    closing.push({ chunk, isText: false, delayMs });
  }
  return closing;
}

type Chunk = ReturnType<typeof chunkOf>;

function withUsage(chunk: Chunk, usage: object, at: Dialect["usage"]["at"]): object {
  switch (at) {
    case "x_groq":
      return { ...chunk, x_groq: { id: chunk.id, usage } };
    case "choice":
      return { ...chunk, choices: chunk.choices.map((choice) => ({ ...choice, usage })) };
    case "finish_chunk":
    case "every_chunk":
    case "last_chunk":
      return { ...chunk, usage };
  }
}

/** What a provider that reports in every chunk has counted after a part of the answer. */
function partOf(usage: ReportedUsage, part: number): ReportedUsage {
  const { reasoning_tokens = 0 } = usage;
  const said = usage.completion_tokens - reasoning_tokens;
  return { ...usage, completion_tokens: reasoning_tokens + Math.ceil(said * part) };
}

/** The deltas in which reasoning arrives, two of them: a reader must join them. */
function reasoningDeltas({ reasoning, dialect, deltas }: Completion): object[] {
  const half = Math.ceil(reasoning.length / 2);
  const pieces = reasoning === "" ? [] : [reasoning.slice(0, half), reasoning.slice(half)];
  switch (dialect.reasoning) {
    case "none":
    case "hidden":
      return [];
    case "reasoning_content":
      return pieces.map((reasoning_content) => ({ reasoning_content }));
    case "reasoning":
      return pieces.map((text) => ({ reasoning: text, content: "" }));
    case "thinking_parts":
      return pieces.map((text) => ({ content: [thinkingPart(text)] }));
    case "think_tags": {
      // The tags come before a text. A tool call has none.
      const [start, rest] = pieces;
      if (deltas.length === 0 || start === undefined) return [];
      return [{ content: `<think>\n${start}` }, { content: `${rest}\n</think>\n\n` }];
    }
  }
}

/** What OpenRouter sends when a provider fails in mid-answer; the HTTP status stays 200. */
export function errorEvent(call: ChatCall) {
  const error = { code: 502, message: "Provider disconnected unexpectedly" };
  return { ...chunkOf(call, dialects.openai, { content: "" }, "error"), error };
}

function chunkOf(call: ChatCall, dialect: Dialect, delta: object, finishReason: string | null) {
  const choice = { index: 0, delta, finish_reason: finishReason, logprobs: null, ...dialect.choiceFields };
  return { ...envelope(call, streamObject, dialect), choices: [choice] };
}
