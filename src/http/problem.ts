import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { type ErrorCode, errorCodes, notFound, PantheonError } from "../domain/errors.ts";
import type { AppEnv } from "./app-env.ts";

/** The one place where an error becomes an answer: RFC 9457 `application/problem+json`. */
export function answerError(error: Error, c: Context<AppEnv>): Response {
  const known = toPantheonError(error);
  if (known.code === "internal_error" || known.code === "database_unavailable") {
    c.get("log")?.error("request_failed", { code: known.code, error: describeCause(error) });
  }
  return answerProblem(c, known);
}

export function answerNotFound(c: Context<AppEnv>): Response {
  return answerProblem(c, notFound());
}

export function answerProblem(c: Context<AppEnv>, error: PantheonError): Response {
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

export function problemType(code: ErrorCode): string {
  return `/api/v1/docs#error-${code}`;
}

function toPantheonError(error: Error): PantheonError {
  if (error instanceof PantheonError) return error;
  // Hono throws this for a body that is no JSON.
  if (error instanceof HTTPException && error.status === 400) {
    return new PantheonError("malformed_json", "The body is not valid JSON.");
  }
  return new PantheonError("internal_error", "Something went wrong on our side.");
}

/** A database error's own text can hold stored values; its name and codes cannot. */
function describeCause(error: Error): Record<string, unknown> {
  const cause = error.cause instanceof Error ? error.cause : error;
  const { code, constraint } = cause as { code?: unknown; constraint?: unknown };
  return { name: cause.name, code, constraint, stack: cause.stack?.split("\n").slice(1, 6) };
}
