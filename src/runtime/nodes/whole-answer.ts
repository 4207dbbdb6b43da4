import type { ModelAnswer } from "../model/model-port.ts";

/** Turns an answer that was cut at its output limit into a failure: JSON without its end cannot be read. */
export function requireWhole(answer: ModelAnswer): ModelAnswer {
  if (!answer.ok || answer.finishReason !== "length") return answer;
  const { text, billed, attempts } = answer;
  const message = "The answer was cut at its output limit.";
  return { ok: false, failure: { code: "model_output_limit", message }, text, billed, attempts };
}
