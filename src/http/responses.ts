import * as z from "zod";
import { type ErrorCode, errorCodes } from "../domain/errors.ts";
import { problem } from "./schemas.ts";

export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** The events are those of AG-UI, which publishes their schemas. */
export const eventStream = {
  description: "AG-UI 1.0 events, one JSON object in each `data:` line; see docs/streaming.md",
  content: { "text/event-stream": { schema: z.string() } },
};

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

const retryAfter = z.object({
  "Retry-After": z.string().optional().meta({ description: "Seconds after which it may be tried again" }),
});

type ProblemResponse = {
  description: string;
  headers?: typeof retryAfter;
  content: { "application/problem+json": { schema: typeof problem } };
};

/** Documents the problems of a route. Codes with the same status share an entry. */
export function problems(...codes: ErrorCode[]): Record<number, ProblemResponse> {
  const responses: Record<number, ProblemResponse> = {};
  for (const code of codes) {
    const { status } = errorCodes[code];
    const known = responses[status];
    responses[status] = {
      description: known === undefined ? `\`${code}\`` : `${known.description}, \`${code}\``,
      ...(codesWithRetryAfter.includes(code) || known?.headers !== undefined ? { headers: retryAfter } : {}),
      content: { "application/problem+json": { schema: problem } },
    };
  }
  return responses;
}
