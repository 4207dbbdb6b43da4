import type { Context } from "hono";
import { type ErrorCode, errorCodes, type PantheonError } from "../../domain/errors.ts";
import type { AppEnv } from "../app-env.ts";
import { describeError } from "../problem.ts";

/** Answers an error in OpenAI's form: its SDKs choose their error class by the status, and show the `message`. */
export function answerOpenAiError(error: Error, c: Context<AppEnv>): Response {
  const known = describeError(error, c.get("log"));
  const body = { error: { ...toOpenAiError(known), request_id: c.get("requestId") } };
  return c.newResponse(JSON.stringify(body), {
    status: errorCodes[known.code].status,
    headers: { "Content-Type": "application/json", ...known.extras.headers },
  });
}

/** The error with the members that a problem document would have. */
export function toOpenAiError({ code, message, extras }: PantheonError) {
  const { errors } = extras.members ?? {};
  const [first]: { path: string }[] = Array.isArray(errors) ? errors : [];
  return { message, type: errorType(code), param: first?.path ?? null, code, ...extras.members };
}

/** OpenAI's word for the kind of an error. */
function errorType(code: ErrorCode): string {
  const { status } = errorCodes[code];
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "insufficient_quota";
    case 409:
      return "conflict_error";
    case 429:
      return "rate_limit_error";
    default:
      return status < 500 ? "invalid_request_error" : "server_error";
  }
}
