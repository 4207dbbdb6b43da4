import type { ModelAnswer } from "../model/model-port.ts";

/** An answer to a JSON contract that was cut at its output limit is no answer: its end is what makes it one. */
export function requireWhole(answer: ModelAnswer): ModelAnswer {
  if (!answer.ok || answer.finishReason !== "length") return answer;
  const { text, billed, attempts } = answer;
  const message = "The answer was cut at its output limit.";
  return { ok: false, failure: { code: "model_output_limit", message }, text, billed, attempts };
}
