import type { RouteConfig } from "@hono/zod-openapi";
import type * as z from "zod";
import { type ErrorCode, errorCodes } from "../domain/errors.ts";
import { type HeaderReferences, headers } from "./answer-header-schemas.ts";
import { problem } from "./schemas.ts";

type Responses = RouteConfig["responses"];

export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}

export type JsonBody<T extends z.ZodType = z.ZodType> = {
  required: boolean;
  content: { "application/json": { schema: T } };
};

/** A body of bytes. Its route reads it as a stream. */
export type BinaryBody = {
  required: boolean;
  content: { "application/octet-stream": { schema: z.ZodType } };
};

export function jsonBody<T extends z.ZodType>(schema: T): JsonBody<T> {
  return { required: true, content: { "application/json": { schema } } };
}

/** A body that may be left out: then it is an empty object. */
export function optionalJsonBody<T extends z.ZodType>(schema: T): JsonBody<T> {
  return { ...jsonBody(schema), required: false };
}

/** Codes whose answers may have `Retry-After`. */
const codesWithRetryAfter: readonly ErrorCode[] = [
  "turn_conflict",
  "turn_in_progress",
  "budget_in_use",
  "rate_limited",
];

type ErrorContent = Record<string, { schema: z.ZodType }>;

type ProblemResponse = { description: string; headers: HeaderReferences; content: ErrorContent };

export const problemContent = { "application/problem+json": { schema: problem } } satisfies ErrorContent;

/** Adds the headers that every answer has. */
export function withCommonHeaders<Answers extends Responses>(answers: Answers): Answers {
  const described = Object.entries(answers).map(([status, answer]) => [
    status,
    { ...answer, headers: { ...("headers" in answer ? answer.headers : {}), ...headers("X-Request-Id") } },
  ]);
  return Object.fromEntries(described);
}

/** Documents the problems of a route. Codes with the same status share an entry. */
export function problems(
  codes: Iterable<ErrorCode>,
  content: ErrorContent = problemContent,
): Record<number, ProblemResponse> {
  const responses: Record<number, ProblemResponse> = {};
  for (const code of codes) {
    const { status } = errorCodes[code];
    const known = responses[status];
    responses[status] = {
      description: known === undefined ? `\`${code}\`` : `${known.description}, \`${code}\``,
      headers: {
        ...(known?.headers ?? headers("X-Request-Id")),
        ...(codesWithRetryAfter.includes(code) ? headers("Retry-After") : {}),
        ...(code === "unauthorized" ? headers("WWW-Authenticate") : {}),
      },
      content,
    };
  }
  return responses;
}
