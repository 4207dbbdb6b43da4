import OpenAI from "openai";
import type { CatalogModel } from "../../domain/catalog.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import {
  type AnswerSoFar,
  emptyAnswer,
  isTooLong,
  judgeAnswer,
  readChunk,
  toolCallsOf,
} from "./answer-reader.ts";
import type { RequestBody } from "./build-request.ts";
import { type BillingOptions, billCall } from "./call-billing.ts";
import { startTimeout, untilAborted } from "./call-deadline.ts";
import { describeFailure, EndlessAnswer } from "./call-failure.ts";
import { type HttpAttempt, recordAttempts } from "./http-attempts.ts";
import type { CallModel, ModelAnswer, ModelRequest } from "./model-port.ts";
import { prepareRequest } from "./prepare-request.ts";
import { repeatRefused } from "./repeat-refused.ts";
import type { AdjustmentMemory } from "./request-adjustments.ts";

/** The SDK's own timeout ends with the headers; ours, by signal, covers the whole answer. */
const sdkTimeoutMs = 2 ** 31 - 1;

export type OpenAiOptions = BillingOptions & {
  /** Base URL of models whose catalog entry names none. */
  baseUrl: string;
  /** Keys by the name of their setting. */
  apiKeys: ReadonlyMap<string, string>;
  /** Over all attempts of a call and to the end of its answer. */
  callTimeoutMs: number;
  /** What providers have told of the parameters that they do not take. */
  adjustments: AdjustmentMemory;
};

/** Calls OpenAI-compatible chat completions. */
export function createOpenAiModel(options: OpenAiOptions): CallModel {
  return async (request) => {
    const attempts: HttpAttempt[] = [];
    const answer = emptyAnswer();
    const timeout = startTimeout(options.callTimeoutMs);
    const signal = AbortSignal.any([request.signal, timeout.signal]);
    const recorded = recordAttempts(attempts, options.now, options.now() + options.callTimeoutMs);
    const baseUrl = request.model.baseUrl ?? options.baseUrl;
    const adjustable = prepareRequest(request, baseUrl, options.adjustments);
    let failure: AgentFailure | null;
    try {
      const client = createClient(options, request.model, repeatRefused(recorded, adjustable));
      await untilAborted(streamAnswer(client, request, adjustable.body, answer, signal), signal);
      failure = judgeAnswer(answer);
    } catch (error) {
      // A stream that breaks after its finish reason lost its usage, not its answer.
      const isWhole = answer.finishReason !== null && !signal.aborted;
      failure = isWhole ? judgeAnswer(answer) : describeFailure(error, signal);
    } finally {
      timeout.cancel();
    }
    const told = {
      billed: billCall(attempts, { answer, failure }, request, options),
      attempts: attempts.length,
    };
    return failure === null
      ? { ok: true, text: answer.text, toolCalls: toolCallsOf(answer), ...told }
      : ({ ok: false, failure, text: answer.text, ...told } satisfies ModelAnswer);
  };
}

function createClient(options: OpenAiOptions, model: CatalogModel, fetch: typeof globalThis.fetch): OpenAI {
  return new OpenAI({
    baseURL: model.baseUrl ?? options.baseUrl,
    apiKey: options.apiKeys.get(model.apiKeySetting ?? "LLM_API_KEY") ?? "",
    maxRetries: model.dialect.retries,
    timeout: sdkTimeoutMs,
    fetch,
    logLevel: "off",
  });
}

async function streamAnswer(
  client: OpenAI,
  request: ModelRequest,
  body: RequestBody,
  answer: AnswerSoFar,
  signal: AbortSignal,
) {
  const stream = await client.chat.completions.create(body, { signal });
  for await (const chunk of stream) {
    if (signal.aborted) return;
    const delta = readChunk(answer, chunk);
    if (delta !== "") request.onText(delta);
    if (isTooLong(answer, request.maxOutputTokens)) throw new EndlessAnswer();
  }
}
