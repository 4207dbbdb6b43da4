import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import {
  type ErrorCode,
  errorCodes,
  internalErrorDetail,
  notFound,
  PantheonError,
} from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { apiPath } from "./api-path.ts";
import type { AppEnv } from "./app-env.ts";

/** Errors of these codes are logged with their cause. */
const serverFaults: ReadonlySet<ErrorCode> = new Set([
  "internal_error",
  "auth_unavailable",
  "database_unavailable",
]);

/** Answers every error as RFC 9457 `application/problem+json`; no other code does. */
export function answerError(error: Error, c: Context<AppEnv>): Response {
  return answerProblem(c, describeError(error, c.get("log")));
}

/** The error in the form that a client may see. The cause of a server fault is only in the log. */
export function describeError(error: unknown, log: Log | undefined): PantheonError {
  const known = toPantheonError(error);
  if (serverFaults.has(known.code)) {
    log?.error("request_failed", { code: known.code, error: describeCause(error) });
  }
  return known;
}

export function answerNotFound(c: Context<AppEnv>): Response {
  return answerProblem(c, notFound());
}

function answerProblem(c: Context<AppEnv>, error: PantheonError): Response {
  const { status, title } = errorCodes[error.code];
  const problem = {
    type: problemType(error.code),
    title,
    status,
    detail: error.message,
    code: error.code,
    request_id: c.get("requestId"),
    ...error.extras.members,
  };
  return c.newResponse(JSON.stringify(problem), {
    status,
    headers: { "Content-Type": "application/problem+json", ...error.extras.headers },
  });
}

/** The code's anchor on the reference page. */
function problemType(code: ErrorCode): string {
  return `${apiPath}/docs#error-${code}`;
}

function toPantheonError(error: unknown): PantheonError {
  if (error instanceof PantheonError) return error;
  // Hono throws these for a body that is not JSON, or whose `Content-Type` does not name JSON.
  if (error instanceof HTTPException && error.status === 400) {
    return new PantheonError("malformed_json", "The body is not valid JSON.");
  }
  if (error instanceof HTTPException && error.status === 415) {
    return new PantheonError("unsupported_media_type", "Send 'Content-Type: application/json'.");
  }
  return new PantheonError("internal_error", internalErrorDetail);
}

/** Names and codes only: the text of a database error can contain stored values. */
function describeCause(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  let cause = error;
  while (cause.cause instanceof Error) cause = cause.cause;
  return {
    name: cause.name,
    code: "code" in cause ? cause.code : undefined,
    constraint: "constraint" in cause ? cause.constraint : undefined,
    stack: readFrames(cause),
  };
}

/** The stack's frames, without the error's message, which can have several lines. */
function readFrames({ stack = "", message }: Error): string[] {
  const frames = stack.replace(message, "").split("\n");
  return frames.filter((line) => /^ +at /.test(line)).slice(0, 5);
}
