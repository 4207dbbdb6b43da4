import { type AgentFailure, isAgentFailure, isCancelled } from "../../domain/turn/agent-failure.ts";
import { type AdjustableRequest, createAdjustableRequest } from "./adjustable-request.ts";
import { watchAnswerEnd } from "./answer-end.ts";
import { UnreadableAnswer } from "./answer-events.ts";
import { classifyAnswer, streamCut, unreachable, unreadable } from "./answer-outcome.ts";
import { type AnswerReader, createAnswerReader } from "./answer-reader.ts";
import { hasStarted, isWhole } from "./answer-state.ts";
import type { BillingOptions } from "./call-billing.ts";
import { type CallDeadline, startCallDeadline, waitFor } from "./call-deadline.ts";
import { type Endpoint, endpointOf, type HttpAttempt, sendAttempt } from "./http-attempts.ts";
import type { ModelRequest } from "./model-port.ts";
import { classifyProviderError, readErrorBody } from "./provider-error.ts";
import { readBody, readErrorText } from "./read-body.ts";
import type { AdjustmentMemory } from "./request-adjustments.ts";
import { decideRetry, type FailedAttempt } from "./retry-policy.ts";
import { parseJson } from "./wire-values.ts";

export type CallOptions = BillingOptions & {
  /** Base URL of models whose catalog entry names none. */
  baseUrl: string;
  /** Keys by the name of their setting. */
  apiKeys: ReadonlyMap<string, string>;
  /** To the first byte, over all attempts, and between the parts of an answer. */
  callTimeoutMs: number;
  /** Of the whole call. */
  callTotalMs: number;
  /** What is known of parameters that providers refuse. */
  adjustments: AdjustmentMemory;
  /** From 0 to 1. */
  random: () => number;
  /** Lets timers and other requests run. */
  pause: () => Promise<void>;
};

type Call = {
  request: ModelRequest;
  adjustable: AdjustableRequest;
  options: CallOptions;
  endpoint: Endpoint;
  deadline: CallDeadline;
  signal: AbortSignal;
};

/** Makes a call and returns its attempts. The last one holds the result. Never throws because of a provider. */
export async function makeCall(request: ModelRequest, options: CallOptions): Promise<HttpAttempt[]> {
  const { now, callTimeoutMs, callTotalMs } = options;
  const deadline = startCallDeadline({ pieceMs: callTimeoutMs, totalMs: callTotalMs, now });
  const signal = AbortSignal.any([request.signal, deadline.signal]);
  const endpoint = endpointOf(request.model, options);
  const adjustable = createAdjustableRequest(request, endpoint.baseUrl, options.adjustments);
  const call: Call = { request, adjustable, options, endpoint, deadline, signal };
  const deadlineMs = now() + Math.min(callTimeoutMs, callTotalMs);
  const attempts: HttpAttempt[] = [];
  let adjustments = 0;
  try {
    for (;;) {
      const attempt = startAttempt(attempts.length + 1, now());
      attempts.push(attempt);
      const failed = await makeAttempt(call, attempt);
      if (failed === null || signal.aborted) return attempts;
      if (failed.kind === "adjusted") {
        adjustments += 1;
        continue;
      }
      const state = {
        attempts: attempts.length - adjustments,
        maxRetries: request.model.dialect.retries,
        nowMs: now(),
        deadlineMs,
        random: options.random,
      };
      const waitMs = decideRetry(failed, state);
      if (waitMs === null) return attempts;
      await waitFor(waitMs, signal);
      if (!signal.aborted) continue;
      attempt.failure = toFailure(signal);
      return attempts;
    }
  } finally {
    deadline.cancel();
  }
}

function startAttempt(attempt: number, startedAtMs: number): HttpAttempt {
  return {
    attempt,
    startedAtMs,
    endedAtMs: null,
    status: null,
    requestId: null,
    answer: null,
    failure: null,
    isCancelled: false,
    refusal: null,
  };
}

/** Null: nothing is sent again. `adjusted`: the adjusted request is sent at once. */
type AttemptResult = FailedAttempt | { kind: "adjusted" } | null;

/** Makes one attempt. Returns why it failed if the request may succeed when it is sent again. */
async function makeAttempt(call: Call, attempt: HttpAttempt): Promise<AttemptResult> {
  const { options, adjustable, endpoint, signal } = call;
  let response: Response;
  try {
    response = await sendAttempt(attempt, endpoint, adjustable.body(), { now: options.now, signal });
  } catch {
    attempt.failure = signal.aborted ? toFailure(signal) : unreachable;
    attempt.isCancelled = isCancelled(signal);
    return { kind: "unreachable" };
  }
  if (!response.ok) return readRefusal(call, attempt, response);
  adjustable.accept();
  return readAnswer(call, attempt, response);
}

async function readRefusal(
  { endpoint, signal, options, adjustable }: Call,
  attempt: HttpAttempt,
  response: Response,
): Promise<AttemptResult> {
  const text = await readErrorText(response, { signal, pause: options.pause });
  const error = readErrorBody(response.status, parseJson(text) ?? text);
  attempt.refusal = error;
  attempt.failure = classifyProviderError(error, endpoint.keySetting);
  if (adjustable.adjust(response.status, text)) return { kind: "adjusted" };
  return { kind: "refused", error, headers: response.headers };
}

async function readAnswer(
  call: Call,
  attempt: HttpAttempt,
  response: Response,
): Promise<FailedAttempt | null> {
  const { request, deadline, endpoint, signal } = call;
  const reader = createAnswerReader({
    maxOutputTokens: request.maxOutputTokens,
    reasoningInText: request.model.dialect.reasoningInText,
    onText: request.onText,
    onProgress: deadline.extend,
  });
  const { answer } = reader;
  attempt.answer = answer;
  const isReadable = await readWholeBody(call, reader, response);
  if (isWhole(answer) || answer.error !== null) attempt.failure = classifyAnswer(answer, endpoint.keySetting);
  else if (!isReadable) attempt.failure = unreadable;
  else {
    attempt.failure = signal.aborted ? toFailure(signal) : streamCut;
    attempt.isCancelled = isCancelled(signal);
  }
  if (answer.error === null || hasStarted(answer)) return null;
  return { kind: "refused", error: answer.error, headers: response.headers };
}

/** False: the body is no answer of a model. */
async function readWholeBody(
  { deadline, signal, options }: Call,
  reader: AnswerReader,
  response: Response,
): Promise<boolean> {
  const ended = new AbortController();
  const end = watchAnswerEnd(() => ended.abort());
  let hasBytes = false;
  const onBytes = (bytes: Uint8Array): boolean => {
    if (!hasBytes) deadline.extend();
    hasBytes = true;
    reader.feed(bytes);
    return end.isReached(reader.answer);
  };
  try {
    const stop = AbortSignal.any([signal, ended.signal]);
    await readBody(response.body, { onBytes, signal: stop, pause: options.pause });
    reader.end();
    return true;
  } catch (error) {
    if (!(error instanceof UnreadableAnswer)) throw error;
    reader.end();
    return false;
  } finally {
    end.cancel();
  }
}

/** The failure of a call whose signal has aborted. */
function toFailure({ reason }: AbortSignal): AgentFailure {
  return isAgentFailure(reason) ? reason : streamCut;
}
