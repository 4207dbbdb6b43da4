import { finishReasonOf } from "./answer-outcome.ts";
import { type AnswerState, answerFieldsOf } from "./answer-state.ts";
import { billCall } from "./call-billing.ts";
import { endpointOf, type HttpAttempt } from "./http-attempts.ts";
import { type CallOptions, makeCall } from "./make-call.ts";
import type { CallModel, ModelAnswer } from "./model-port.ts";
import { readCountedTokens } from "./provider-error.ts";
import { toolCallsOf } from "./tool-call-assembly.ts";

/** Calls OpenAI-compatible chat completions. */
export function createOpenAiModel(options: CallOptions): CallModel {
  return async (request) => {
    const attempts = await makeCall(request, options);
    const last = attempts.at(-1);
    const billed = billCall(attempts, request, options);
    if (last === undefined || last.answer === null || last.failure !== null) {
      return {
        ...toFailedAnswer(last),
        billed,
        attempts: attempts.length,
      };
    }
    const { baseUrl } = endpointOf(request.model, options);
    return {
      ...toAnswer(last.answer, { modelAlias: request.model.alias, baseUrl }),
      billed,
      attempts: attempts.length,
    };
  };
}

type FailedAnswer = Omit<Extract<ModelAnswer, { ok: false }>, "billed" | "attempts">;

function toFailedAnswer(last: HttpAttempt | undefined): FailedAnswer {
  const failure = last?.failure ?? { code: "model_error", message: "The model was not asked." };
  const failed: FailedAnswer = { ok: false, failure, text: last?.answer?.text ?? "" };
  if (failure.code !== "context_budget_exceeded") return failed;
  const error = last?.refusal ?? last?.answer?.error ?? null;
  return { ...failed, tooLong: { countedTokens: error && readCountedTokens(error) } };
}

type AnswerOrigin = { modelAlias: string; baseUrl: string };
type WholeAnswer = Omit<Extract<ModelAnswer, { ok: true }>, "billed" | "attempts">;

function toAnswer(answer: AnswerState, { modelAlias, baseUrl }: AnswerOrigin): WholeAnswer {
  const fields = answerFieldsOf(answer);
  return {
    ok: true,
    text: answer.text,
    toolCalls: toolCallsOf(answer.calls),
    finishReason: finishReasonOf(answer),
    providerReason: answer.providerReason,
    ...(fields === null ? {} : { providerFields: { ...fields, modelAlias, baseUrl } }),
  };
}
