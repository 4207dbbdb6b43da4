import { toWord } from "./wire-values.ts";

/** Why a provider ended an answer; each of its words for a reason has one of these names. `other`: an unknown word. */
export type ReportedFinish = "stop" | "length" | "tool_calls" | "content_filter" | "error" | "other";

const synonyms: Readonly<Record<Exclude<ReportedFinish, "other">, readonly string[]>> = {
  stop: [
    ...["stop", "stopped", "stop_sequence", "stop_sequences", "stop_token", "end", "end_turn", "end_of_turn"],
    ...["eos", "eos_token", "end_of_text", "endoftext", "im_end", "eot", "eot_id"],
    ...["complete", "completed", "completion", "finish", "finished", "done", "normal", "success"],
  ],
  length: [
    ...["length", "max_length", "model_length", "max_tokens", "max_output_tokens", "max_new_tokens"],
    ...["max_completion_tokens", "token_limit", "output_limit", "truncated", "incomplete", "context_length"],
    ...["model_context_window_exceeded", "limit"],
  ],
  tool_calls: ["tool_calls", "tool_call", "tool_use", "function_call", "function_calls", "tools"],
  content_filter: [
    ...["content_filter", "content_filtered", "content_policy", "safety", "refusal", "blocked", "blocklist"],
    ...["moderation", "prohibited_content", "recitation", "spii", "sensitive", "image_safety", "error_toxic"],
    ...["guardrail_intervened"],
  ],
  error: ["error", "failed", "failure", "network_error", "server_error", "insufficient_system_resource"],
};

const reasons = new Map(
  Object.entries(synonyms).flatMap(([reason, words]) =>
    words.map((word) => [word, reason as ReportedFinish]),
  ),
);

/** Values that some providers send with every chunk before there is a reason. */
const noReasons: readonly string[] = ["", "null", "none", "finish_reason_unspecified", "unspecified"];

/** Null: the value is no reason. */
export function readFinishReason(value: unknown): ReportedFinish | null {
  const word = toWord(value)
    .slice(0, 64)
    .toLowerCase()
    .replace(/[\s-]+/g, "_")
    .replace(/^<\|(.*)\|>$/, "$1");
  if (noReasons.includes(word)) return null;
  return reasons.get(word.replace(/^finish_reason_/, "")) ?? "other";
}

/**
 * The first of several reasons counts. Only `length` replaces an earlier `stop`, since some providers send `stop` with
 * every chunk.
 */
export function joinFinishReasons(
  before: ReportedFinish | null,
  reason: ReportedFinish | null,
): ReportedFinish | null {
  if (before === null || reason === null) return before ?? reason;
  return before === "stop" && reason === "length" ? "length" : before;
}
