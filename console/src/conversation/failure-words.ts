const words: Readonly<Record<string, string>> = {
  model_error: "Its model's provider answered with an error.",
  model_rate_limited: "Its model's provider asked to wait too long.",
  model_timeout: "Its model took too long.",
  model_unreachable: "Its model's provider could not be reached.",
  model_stream_cut: "Its answer broke off before it was finished.",
  model_output_limit: "It reached its output limit before it said anything.",
  model_refused: "Its model refused to answer.",
  model_bad_response: "Its model's answer could not be read.",
  model_not_configured: "Its model is not offered any more. Choose another one for the agent.",
  context_budget_exceeded: "There was no room left in its model's context.",
  turn_too_large: "With its answer the turn would have been too large to store.",
  deadline: "The turn ran out of time.",
  abandoned: "The server that asked it stopped before the answer came.",
  cancelled: "It was stopped.",
  budget_exhausted: "The credits ran out before it was asked.",
};

/** Why an agent failed, for people. A code without words of its own has those of the server. */
export function failureWords({ code, message }: { code: string; message: string }): string {
  return words[code] ?? message;
}
