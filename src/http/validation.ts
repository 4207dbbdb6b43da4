import type { Hook } from "@hono/zod-openapi";
import type * as z from "zod";
import { notFound, PantheonError } from "../domain/errors.ts";
import type { AppEnv } from "./app-env.ts";
import { maxErrors } from "./schemas.ts";

type FieldError = { path: string; message: string };

/** The name of an unknown field is the caller's text, so it is cut. */
const maxPathCharacters = 200;
const maxMessageCharacters = 500;

/** Throws a schema's refusal: an invalid path parameter is `not_found`, anything else `validation_failed`. */
export const throwOnInvalid: Hook<unknown, AppEnv, string, unknown> = (result) => {
  if (result.success) return;
  if (result.target === "param") throw notFound();
  const { issues } = result.error;
  const errors = listErrors(issues);
  const [first] = errors;
  const detail =
    first === undefined ? "The request does not validate." : `${first.path || "body"}: ${first.message}`;
  throw new PantheonError("validation_failed", detail, {
    members: { errors, error_count: countErrors(issues) },
  });
};

/** The first `maxErrors`: a request may have very many unknown keys. */
function listErrors(issues: readonly z.core.$ZodIssue[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const issue of issues) {
    if (errors.length === maxErrors) break;
    errors.push(...toErrors(issue, maxErrors - errors.length));
  }
  return errors;
}

function toErrors(issue: z.core.$ZodIssue, limit: number): FieldError[] {
  if (issue.code !== "unrecognized_keys") return [toError(issue.path, issue.message)];
  return issue.keys.slice(0, limit).map((key) => toError([...issue.path, key], "is not a known field"));
}

function toError(path: readonly PropertyKey[], message: string): FieldError {
  return {
    path: path.map(String).join(".").slice(0, maxPathCharacters).toWellFormed(),
    message: message.slice(0, maxMessageCharacters).toWellFormed(),
  };
}

function countErrors(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce(
    (count, issue) => count + (issue.code === "unrecognized_keys" ? issue.keys.length : 1),
    0,
  );
}
