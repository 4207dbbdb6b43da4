/** Why an agent gave no answer. Stable, documented in docs/api.md. */
export const agentFailureCodes = [
  "model_error",
  "model_rate_limited",
  "model_timeout",
  "model_unreachable",
  "model_stream_cut",
  "model_output_limit",
  "model_refused",
  "model_bad_response",
  "model_not_configured",
  "context_budget_exceeded",
  "budget_exhausted",
  "turn_too_large",
  "deadline",
  "cancelled",
  "abandoned",
] as const;
export type AgentFailureCode = (typeof agentFailureCodes)[number];

export type AgentFailure = { code: AgentFailureCode; message: string };

export function isAgentFailure(value: unknown): value is AgentFailure {
  return (
    typeof value === "object" &&
    value !== null &&
    "code" in value &&
    "message" in value &&
    agentFailureCodes.some((code) => code === value.code)
  );
}

/** Of an agent that had not answered when its turn was cancelled. */
export const turnCancelled: AgentFailure = {
  code: "cancelled",
  message: "The turn was cancelled before the agent answered.",
};

/** Whether a signal was aborted because the turn was cancelled. */
export function isCancelled({ aborted, reason }: Pick<AbortSignal, "aborted" | "reason">): boolean {
  return aborted && isAgentFailure(reason) && reason.code === turnCancelled.code;
}

/** The stored content of a failed agent's message. `failure.message` is never a provider's text. */
export function formatFailureContent(agentName: string, failure: AgentFailure): string {
  return `[[agent_error]] agent=${agentName} type=${failure.code} message=${failure.message}`;
}
