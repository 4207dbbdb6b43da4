import { type ModelAnswer, type ReportedUsage, tokensOf } from "./answer.ts";
import { type ChatCall, transcriptOf } from "./chat-call.ts";
import { type Dialect, dialects } from "./dialects.ts";
import { usageBody } from "./usage-form.ts";

export type WholeToolCall = { id: string; type: "function"; function: { name: string; arguments: string } };

/** An answer with its defaults filled in. `usage` is null when none is reported for this call. */
export type Completion = {
  dialect: Dialect;
  /** Empty where the dialect knows none. */
  reasoning: string;
  deltas: string[];
  toolCalls: WholeToolCall[];
  finishReason: string | null;
  usage: ReportedUsage | null;
  /** Before the chunk that reports it, where it has one of its own. */
  usageDelayMs: number;
};

export function completionOf(call: ChatCall, answer: ModelAnswer): Completion {
  const dialect = dialects[answer.dialect ?? "openai"];
  const deltas = answer.deltas ?? (answer.text ? [answer.text] : []);
  const toolCalls = (answer.tool_calls ?? []).map((toolCall, index) => ({
    id: toolCall.id ?? `call_${call.callId.slice(-8)}_${index}`,
    type: "function" as const,
    function: { name: toolCall.name, arguments: toolCall.arguments },
  }));
  const finishReason = answer.finish_reason ?? (toolCalls.length ? "tool_calls" : "stop");
  const isReported = answer.usage !== null && (!call.stream || call.includeUsage);
  const said = deltas.join("") + (toolCalls.length ? JSON.stringify(toolCalls) : "");
  const reasoning = dialect.reasoning === "none" ? "" : reasonAbout(said);
  return {
    dialect,
    reasoning,
    deltas,
    toolCalls,
    finishReason: answer.finish_reason === null ? null : finishReason,
    usage: isReported ? (answer.usage ?? countUsage(call, dialect, said, reasoning)) : null,
    usageDelayMs: answer.usage_delay_ms ?? dialect.usage.delayMs,
  };
}

/** Longer than what is said: a provider that counts it outside the completion is recognised by that. */
function reasonAbout(said: string): string {
  const thought = "Let me think about that. ";
  return thought.repeat(2 + Math.ceil(said.length / thought.length)).trim();
}

function countUsage(
  call: ChatCall,
  { usage: form }: Dialect,
  said: string,
  reasoning: string,
): ReportedUsage {
  const prompt_tokens = tokensOf(transcriptOf(call));
  const reasoning_tokens = reasoning === "" ? 0 : tokensOf(reasoning);
  return {
    prompt_tokens,
    completion_tokens: tokensOf(said) + reasoning_tokens,
    ...(reasoning === "" ? {} : { reasoning_tokens }),
    ...(form.cached === null ? {} : { cached_tokens: Math.floor(prompt_tokens / 2) }),
  };
}

/** The body of an unstreamed answer. */
export function completionBody(call: ChatCall, completion: Completion) {
  const { dialect, finishReason, usage } = completion;
  const choice = {
    index: 0,
    message: messageOf(completion),
    finish_reason: finishWord(dialect, finishReason),
    logprobs: null,
    ...dialect.choiceFields,
  };
  return {
    ...envelope(call, "chat.completion", dialect),
    choices: [choice],
    ...(usage ? { usage: usageBody(usage, dialect.usage) } : {}),
  };
}

function messageOf({ dialect, reasoning, deltas, toolCalls }: Completion) {
  const text = deltas.join("");
  const hasContent = deltas.length > 0 || toolCalls.length === 0;
  const message = {
    role: "assistant",
    content: hasContent ? contentOf(text, dialect) : null,
    ...(toolCalls.length ? { tool_calls: toolCalls } : {}),
  };
  if (reasoning === "") return message;
  switch (dialect.reasoning) {
    case "none":
    case "hidden":
      return message;
    case "reasoning_content":
      return { ...message, reasoning_content: reasoning };
    case "reasoning":
      return { ...message, reasoning };
    case "thinking_parts":
      return { ...message, content: [thinkingPart(reasoning), ...(hasContent ? [textPart(text)] : [])] };
    case "think_tags":
      return hasContent ? { ...message, content: `<think>\n${reasoning}\n</think>\n\n${text}` } : message;
  }
}

export function contentOf(text: string, { content }: Dialect): unknown {
  return content === "string" ? text : [textPart(text)];
}

export function textPart(text: string) {
  return { type: "text", text };
}

export function thinkingPart(text: string) {
  return { type: "thinking", thinking: [textPart(text)] };
}

export function finishWord({ finishReasons }: Dialect, reason: string | null): string | null {
  return reason === null ? null : (finishReasons[reason] ?? reason);
}

/** What every body and every chunk begins with. */
export function envelope(call: ChatCall, object: string, { chunkFields }: Dialect) {
  return { id: call.callId, object, created: 1_767_225_600, model: call.model, ...chunkFields };
}
