/**
 * Every error that a client can receive: its stable `code`, its HTTP status, and a title for people. docs/api.md lists
 * them. A code that is added here is also added to the OpenAPI document.
 */
export const errorCodes = {
  upload_incomplete: { status: 400, title: "The upload broke off" },
  malformed_json: { status: 400, title: "The body is not JSON" },
  invalid_idempotency_key: { status: 400, title: "The Idempotency-Key header is not usable" },
  invalid_event_id: { status: 400, title: "The id of the last event is not usable" },
  unauthorized: { status: 401, title: "A valid bearer token is required" },
  budget_exhausted: { status: 402, title: "The credits are used up" },
  not_found: { status: 404, title: "Not found" },
  agent_key_taken: { status: 409, title: "The agent key is taken in this room" },
  agent_name_taken: { status: 409, title: "The agent's name is taken in this room" },
  too_many_rooms: { status: 409, title: "The user cannot have another room" },
  room_full: { status: 409, title: "The room cannot have another agent" },
  too_many_keys: { status: 409, title: "You have as many API keys as you can have" },
  turn_conflict: { status: 409, title: "Another request works on this session" },
  turn_in_progress: { status: 409, title: "The turn of this request is not finished" },
  turn_cancelled: { status: 409, title: "The turn was cancelled before it started" },
  queue_full: { status: 409, title: "Too many turns wait in this session" },
  budget_in_use: { status: 409, title: "Running turns hold the credits" },
  not_latest_turn: { status: 409, title: "The turn is not the session's latest" },
  nothing_to_retry: { status: 409, title: "There is nothing to retry" },
  too_many_retries: { status: 409, title: "The turn has no retry left" },
  budget_set_by_operator: { status: 409, title: "An operator set the limit" },
  pricing_version_taken: { status: 409, title: "There is such a pricing version" },
  room_storage_full: { status: 409, title: "The room has no space for this file" },
  user_storage_full: { status: 409, title: "The user has no space for this file" },
  length_required: { status: 411, title: "The length of the body is required" },
  payload_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body must be application/json" },
  unsupported_file_type: { status: 415, title: "Agents cannot read files of this type" },
  range_not_satisfiable: { status: 416, title: "The range begins after the end of the file" },
  validation_failed: { status: 422, title: "The request does not validate" },
  invalid_cursor: { status: 422, title: "The cursor names no row of this list" },
  pricing_version_in_past: { status: 422, title: "The pricing version would take effect in the past" },
  unknown_model: { status: 422, title: "The model alias is not in the catalog" },
  unknown_tool: { status: 422, title: "The tool is not known" },
  agent_order_mismatch: { status: 422, title: "The order must name every agent of the room once" },
  no_valid_tagged_agents: { status: 422, title: "No agent of this room is tagged" },
  no_room_agents: { status: 422, title: "The room has no agents" },
  context_budget_exceeded: { status: 422, title: "The context budget is exceeded" },
  idempotency_key_reused: { status: 422, title: "The Idempotency-Key was used for another request" },
  rate_limited: { status: 429, title: "Too many requests" },
  too_many_readers: { status: 429, title: "Too many readers of this session" },
  internal_error: { status: 500, title: "Internal error" },
  auth_unavailable: { status: 503, title: "The keys that verify tokens cannot be read" },
  commit_failed: { status: 503, title: "The turn could not be stored" },
  database_unavailable: { status: 503, title: "The database does not answer" },
  file_storage_unavailable: { status: 503, title: "The file storage does not answer" },
  not_ready: { status: 503, title: "Not ready" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** Every code, in the table's order. Sound: a const object has exactly the keys of its type. */
export const errorCodeNames = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

export function isErrorCode(code: unknown): code is ErrorCode {
  return errorCodeNames.some((known) => known === code);
}

export type ErrorExtras = {
  /** Response headers, e.g. `Retry-After`. */
  headers?: Record<string, string>;
  /** Further members of the problem document, e.g. `errors` or `input_budget`. */
  members?: Record<string, unknown>;
};

/** The one error class of Pantheon. `src/http/problem.ts` turns it into an answer. */
export class PantheonError extends Error {
  readonly code: ErrorCode;
  readonly extras: ErrorExtras;

  constructor(code: ErrorCode, detail: string, extras: ErrorExtras = {}, options?: ErrorOptions) {
    super(detail, options);
    this.name = "PantheonError";
    this.code = code;
    this.extras = extras;
  }
}

export const internalErrorDetail =
  "An unexpected error occurred. The log has it under this request's 'request_id'.";

export const commitFailedDetail = "The turn could not be stored. Please retry.";

export const databaseUnavailableDetail = "The database does not answer. Please retry.";

/** A resource of another user answers 404, exactly like one that never existed. */
export function notFound(): PantheonError {
  return new PantheonError("not_found", "There is no such resource.");
}
