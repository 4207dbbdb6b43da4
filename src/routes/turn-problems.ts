import type { ErrorCode } from "../domain/errors.ts";

/** Problems of every run, beside those that any request can have. */
const runProblems = [
  "budget_exhausted",
  "budget_in_use",
  "turn_conflict",
  "turn_in_progress",
  "idempotency_key_reused",
  "context_budget_exceeded",
  "rate_limited",
  "commit_failed",
] as const satisfies ErrorCode[];

/** Problems of a new turn, which may wait. Stock clients send no Idempotency-Key and name no model. */
export const stockTurnProblems = [
  ...runProblems,
  "no_valid_tagged_agents",
  "no_room_agents",
  "queue_full",
  "turn_cancelled",
] as const satisfies ErrorCode[];

export const turnProblems = [
  ...stockTurnProblems,
  "invalid_idempotency_key",
  "unknown_model",
] as const satisfies ErrorCode[];

export const retryProblems = [
  "invalid_idempotency_key",
  ...runProblems,
  "not_latest_turn",
  "nothing_to_retry",
  "too_many_retries",
] as const satisfies ErrorCode[];
