/** How a provider's answers differ from OpenAI's, which all of them call themselves compatible with. */
export type Dialect = {
  /** Comment lines that keep the connection alive: before the first event, and after it. */
  keepAlive: string | null;
  /** What comes before the first chunk that carries something. */
  opening: "nothing" | "role" | "prompt_filter_and_role";
  /** Text as a string, or as a list of parts. */
  content: "string" | "parts";
  /** How reasoning arrives; `hidden`: it is only counted. */
  reasoning: "none" | "hidden" | "reasoning_content" | "reasoning" | "think_tags" | "thinking_parts";
  toolCalls: ToolCallForm;
  usage: {
    at: "last_chunk" | "finish_chunk" | "every_chunk" | "x_groq" | "choice";
    /** Before the chunk that reports it, where that comes after the finish reason. */
    delayMs: number;
    reasoning: "inside_completion" | "outside_completion";
    /** `null`: prompts are not cached. */
    cached: "prompt_details" | "cache_hit" | "beside_prompt" | null;
  };
  /** Where its words are not `stop` and `tool_calls`. */
  finishReasons: Readonly<Record<string, string>>;
  /** Whether the stream ends with `[DONE]`. */
  done: boolean;
  /** The connection is not closed after the answer. */
  leavesOpen: boolean;
  lineEnd: "\n" | "\r\n";
  /** Fields of its own in each chunk, and in each choice. */
  chunkFields: Readonly<Record<string, unknown>>;
  choiceFields: Readonly<Record<string, unknown>>;
};

export type ToolCallForm =
  | "in_pieces"
  | "whole"
  | "whole_without_index"
  | "whole_at_index_0"
  | "name_in_every_piece"
  | "arguments_as_object"
  | "with_signature";

const openai: Dialect = {
  keepAlive: null,
  opening: "nothing",
  content: "string",
  reasoning: "none",
  toolCalls: "in_pieces",
  usage: { at: "last_chunk", delayMs: 0, reasoning: "inside_completion", cached: null },
  finishReasons: {},
  done: true,
  leavesOpen: false,
  lineEnd: "\n",
  chunkFields: {},
  choiceFields: {},
};

/** Each provider as users of it have described its answers; `openai` is what the others are compared with. */
export const dialects = {
  openai,
  azure: {
    ...openai,
    opening: "prompt_filter_and_role",
    choiceFields: { content_filter_results: { hate: { filtered: false, severity: "safe" } } },
  },
  deepseek: {
    ...openai,
    keepAlive: ": keep-alive",
    opening: "role",
    reasoning: "reasoning_content",
    usage: { at: "finish_chunk", delayMs: 0, reasoning: "inside_completion", cached: "cache_hit" },
  },
  gemini: {
    ...openai,
    reasoning: "hidden",
    toolCalls: "with_signature",
    usage: { at: "every_chunk", delayMs: 0, reasoning: "outside_completion", cached: null },
    finishReasons: { stop: "STOP" },
    lineEnd: "\r\n",
  },
  groq: {
    ...openai,
    opening: "role",
    reasoning: "reasoning",
    toolCalls: "whole",
    usage: { at: "x_groq", delayMs: 0, reasoning: "inside_completion", cached: null },
    chunkFields: { system_fingerprint: "fp_groq" },
  },
  litellm: {
    ...openai,
    reasoning: "reasoning_content",
    toolCalls: "name_in_every_piece",
    usage: { at: "last_chunk", delayMs: 300, reasoning: "inside_completion", cached: "beside_prompt" },
    finishReasons: { stop: "end_turn" },
    leavesOpen: true,
  },
  llamacpp: {
    ...openai,
    opening: "role",
    toolCalls: "arguments_as_object",
    finishReasons: { stop: "eos" },
    done: false,
    leavesOpen: true,
    chunkFields: { timings: { predicted_n: 1, predicted_ms: 20 } },
  },
  mistral: {
    ...openai,
    opening: "role",
    content: "parts",
    reasoning: "thinking_parts",
    toolCalls: "whole",
    usage: { at: "finish_chunk", delayMs: 0, reasoning: "inside_completion", cached: null },
  },
  ollama: {
    ...openai,
    reasoning: "think_tags",
    toolCalls: "whole_at_index_0",
    chunkFields: { system_fingerprint: "fp_ollama" },
  },
  openrouter: {
    ...openai,
    keepAlive: ": OPENROUTER PROCESSING",
    reasoning: "reasoning",
    usage: { at: "last_chunk", delayMs: 100, reasoning: "inside_completion", cached: "prompt_details" },
    chunkFields: { provider: "Demo" },
    choiceFields: { native_finish_reason: null },
  },
  vllm: {
    ...openai,
    opening: "role",
    toolCalls: "whole_without_index",
    usage: { at: "every_chunk", delayMs: 0, reasoning: "inside_completion", cached: null },
    choiceFields: { stop_reason: null },
  },
} as const satisfies Record<string, Dialect>;

export type DialectName = keyof typeof dialects;

export const dialectNames = Object.keys(dialects).filter(isDialectName);

export function isDialectName(name: string): name is DialectName {
  return Object.hasOwn(dialects, name);
}
