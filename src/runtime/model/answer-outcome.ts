import { isBlank } from "../../domain/text/is-blank.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import type { FinishReason } from "../../domain/turn/finish-reason.ts";
import type { AnswerState } from "./answer-state.ts";
import { classifyProviderError } from "./provider-error.ts";
import { findAssemblyProblem, toolCallsOf } from "./tool-call-assembly.ts";

/** Why an answer that was read to its end has failed. Null: it has not. */
export function classifyAnswer(answer: AnswerState, keySetting: string): AgentFailure | null {
  const { error, hasRefusal, finishReason, isDone, calls } = answer;
  if (error !== null) return classifyProviderError(error, keySetting);
  if (finishReason === "content_filter") return refused("The provider's content filter stopped the answer.");
  if (hasRefusal) return refused("The model refused to answer.");
  if (finishReason === "error") {
    return { code: "model_error", message: "The model's provider broke the answer off with an error." };
  }
  if (finishReason === null && !isDone) return streamCut;
  const problem = findAssemblyProblem(calls, finishReason === "length");
  if (toolCallsOf(calls).length > 0) return problem === null ? null : badResponse(problem);
  if (!isBlank(answer.text)) return problem === null ? null : badResponse(problem);
  if (finishReason === "length") return outputLimit;
  return badResponse(problem ?? "The model gave an empty answer.");
}

/** Why a completed answer ended. */
export function finishReasonOf({ finishReason }: AnswerState): FinishReason {
  return finishReason === "stop" || finishReason === "length" ? finishReason : "other";
}

export const streamCut: AgentFailure = {
  code: "model_stream_cut",
  message: "The answer ended before it was finished.",
};

export const unreadable: AgentFailure = badResponse(
  "The model's provider sent an answer that cannot be read.",
);

export const unreachable: AgentFailure = {
  code: "model_unreachable",
  message: "The model's provider could not be reached.",
};

const outputLimit: AgentFailure = {
  code: "model_output_limit",
  message:
    "The model reached its output limit before it said anything: see the agent's max_output_tokens and the setting MAX_OUTPUT_TOKENS.",
};

function refused(message: string): AgentFailure {
  return { code: "model_refused", message };
}

function badResponse(message: string): AgentFailure {
  return { code: "model_bad_response", message };
}
