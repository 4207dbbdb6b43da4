import OpenAI, { APIConnectionError, APIError } from "openai";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import type { TokenUsage } from "../../domain/billing/pricing.ts";
import type { CatalogModel } from "../../domain/catalog.ts";
import { type PromptMessage, wholeText } from "../../domain/context/prompt.ts";
import { type AgentFailure, isAgentFailure } from "../../domain/turn/agent-failure.ts";
import {
  type AnswerSoFar,
  emptyAnswer,
  isTooLong,
  judgeAnswer,
  readChunk,
  toolCallsOf,
} from "./answer-reader.ts";
import { type HttpAttempt, recordAttempts } from "./http-attempts.ts";
import type { BilledAttempt, CallModel, ModelAnswer, ModelRequest } from "./model-port.ts";

/** The SDK retries 408, 409, 429, 5xx and connection errors up to this often: 3 attempts in all. */
const maxRetries = 2;

/** The SDK's own timeout ends with the headers; ours, by signal, covers the whole answer. */
const sdkTimeoutMs = 2 ** 31 - 1;

export type OpenAiOptions = {
  /** Base URL of models whose catalog entry names none. */
  baseUrl: string;
  /** Keys by the name of their setting. */
  apiKeys: ReadonlyMap<string, string>;
  /** Over all attempts of a call and to the end of its answer. */
  callTimeoutMs: number;
  now: () => number;
  /** Estimated tokens of a text, where the provider reports none. */
  estimateTokens: (text: string) => number;
};

/** Calls OpenAI-compatible chat completions, always streamed: a cut answer is told from a whole one. */
export function createOpenAiModel(options: OpenAiOptions): CallModel {
  return async (request) => {
    const attempts: HttpAttempt[] = [];
    const answer = emptyAnswer();
    const timeout = startTimeout(options.callTimeoutMs);
    const signal = AbortSignal.any([request.signal, timeout.signal]);
    const fetchRecorded = recordAttempts(attempts, options.now, options.now() + options.callTimeoutMs);
    let failure: AgentFailure | null;
    try {
      const client = createClient(options, request.model, fetchRecorded);
      await untilAborted(streamAnswer(client, request, answer, signal), signal);
      failure = judgeAnswer(answer);
    } catch (error) {
      // A stream that breaks after its finish reason lost its usage, not its answer.
      const isWhole = answer.finishReason !== null && !signal.aborted;
      failure = isWhole ? judgeAnswer(answer) : describeFailure(error, signal);
    } finally {
      timeout.cancel();
    }
    const billed = attempts.flatMap((attempt) =>
      billAttempt(attempt, attempt === attempts.at(-1) ? { answer, failure } : null, request, options),
    );
    const told = { billed, attempts: attempts.length };
    return failure === null
      ? { ok: true, text: answer.text, toolCalls: toolCallsOf(answer), ...told }
      : ({ ok: false, failure, text: answer.text, ...told } satisfies ModelAnswer);
  };
}

function createClient(options: OpenAiOptions, model: CatalogModel, fetchRecorded: typeof fetch): OpenAI {
  return new OpenAI({
    baseURL: model.baseUrl ?? options.baseUrl,
    apiKey: options.apiKeys.get(model.apiKeySetting ?? "LLM_API_KEY") ?? "",
    maxRetries,
    timeout: sdkTimeoutMs,
    fetch: fetchRecorded,
    logLevel: "off",
  });
}

class EndlessAnswer extends Error {}

async function streamAnswer(client: OpenAI, request: ModelRequest, answer: AnswerSoFar, signal: AbortSignal) {
  const stream = await client.chat.completions.create(
    {
      model: request.model.providerModel,
      messages: request.messages.map(toWireMessage),
      max_tokens: request.maxOutputTokens,
      ...toWireTools(request),
      stream: true,
      stream_options: { include_usage: true },
    },
    { signal },
  );
  for await (const chunk of stream) {
    if (signal.aborted) return;
    const delta = readChunk(answer, chunk);
    if (delta !== "") request.onText(delta);
    if (isTooLong(answer, request.maxOutputTokens)) throw new EndlessAnswer();
  }
}

function toWireTools({ tools, toolChoice }: ModelRequest) {
  if (tools.length === 0) return {};
  return {
    tool_choice: toolChoice,
    tools: tools.map(({ name, description, parameters }) => ({
      type: "function" as const,
      function: { name, description, parameters: { ...parameters } },
    })),
  };
}

function toWireMessage(message: PromptMessage): ChatCompletionMessageParam {
  if (message.role === "tool")
    return { role: "tool", tool_call_id: message.toolCallId, content: message.content };
  if (!("toolCalls" in message)) return { role: message.role, content: message.content };
  return {
    role: "assistant",
    content: message.content,
    tool_calls: message.toolCalls.map(({ id, name, argumentsText }) => ({
      id,
      type: "function",
      function: { name, arguments: argumentsText },
    })),
  };
}

/** Rejects as soon as the signal aborts: the SDK sleeps through an abort between two attempts. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  work.catch(() => undefined);
  try {
    await Promise.race([work, aborted.promise]);
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function startTimeout(timeoutMs: number) {
  const controller = new AbortController();
  const failure: AgentFailure = {
    code: "model_timeout",
    message: "The model did not finish its answer in time.",
  };
  const timer = setTimeout(() => controller.abort(failure), timeoutMs);
  return { signal: controller.signal, cancel: () => clearTimeout(timer) };
}

/** What went wrong, in our own words: a provider's text may hold anything. */
function describeFailure(error: unknown, signal: AbortSignal): AgentFailure {
  if (signal.aborted && isAgentFailure(signal.reason)) return signal.reason;
  if (error instanceof APIConnectionError) {
    return { code: "model_unreachable", message: "The model's provider could not be reached." };
  }
  if (error instanceof APIError && error.status === 429) {
    return { code: "model_rate_limited", message: "The model's provider limits the rate of calls." };
  }
  if (error instanceof APIError && error.status !== undefined) {
    return { code: "model_error", message: `The model's provider answered with status ${error.status}.` };
  }
  if (error instanceof APIError) {
    return { code: "model_error", message: "The model's provider reported an error in its answer." };
  }
  if (error instanceof SyntaxError || error instanceof EndlessAnswer) {
    return {
      code: "model_bad_response",
      message: "The model's provider sent an answer that cannot be read.",
    };
  }
  return { code: "model_stream_cut", message: "The answer ended before it was finished." };
}

function hasBegun({ text, toolCalls, finishReason, reported }: AnswerSoFar): boolean {
  return text !== "" || toolCalls.length > 0 || finishReason !== null || reported !== null;
}

type Ending = { answer: AnswerSoFar; failure: AgentFailure | null };

/**
 * The ledger's view of an attempt. A refusal (an HTTP error status) was not billed and gives nothing; an
 * attempt that got no headers may have been, and is `unknown`; so is one whose answer was cut before it began.
 */
function billAttempt(
  attempt: HttpAttempt,
  ending: Ending | null,
  request: ModelRequest,
  { now, estimateTokens }: OpenAiOptions,
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
