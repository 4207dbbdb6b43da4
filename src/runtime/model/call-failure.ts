import { APIConnectionError, APIError } from "openai";
import { type AgentFailure, isAgentFailure } from "../../domain/turn/agent-failure.ts";

/** A peer that streams on regardless of its output limit. */
export class EndlessAnswer extends Error {}

/** What went wrong, in our own words: a provider's text may hold anything. */
export function describeFailure(error: unknown, signal: AbortSignal): AgentFailure {
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
