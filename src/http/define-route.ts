import { createRoute, type RouteConfig } from "@hono/zod-openapi";
import * as z from "zod";
import type { ErrorCode } from "../domain/errors.ts";
import { type BinaryBody, type JsonBody, problems, withCommonHeaders } from "./responses.ts";

type RequestParts = {
  params?: z.ZodObject;
  query?: z.ZodObject;
  headers?: z.ZodObject;
  body?: JsonBody | BinaryBody;
};
type Responses = RouteConfig["responses"];

type Declaration<Parts, Answers> = {
  /** What a person would call the function of a client, like `createRoom`. */
  id: string;
  /** Its group on the reference page. */
  tag: string;
  description: string;
  request?: Parts;
  /** Its successful answers. */
  responses: Answers;
  /** Problems of this route alone. Those of its token, parameters and body are added. */
  problems?: readonly ErrorCode[];
  /** True: needs no token. */
  isOpen?: boolean;
  /** The form of its errors, where they are not problem documents. */
  errorContent?: Record<string, { schema: z.ZodType }>;
};

/**
 * Declares a route for `app.openapi(route, handler)`:
 *
 *     defineRoute("patch", "/rooms/{room_id}", "Change a room", {
 *       id: "updateRoom", tag, description: "What is left out keeps its value.",
 *       request: { params, body: jsonBody(change) }, responses: { 200: json(room, "The room") },
 *     })
 *
 * It adds the bearer token (unless `isOpen`), and the problems that follow from a token, a path parameter, a query or a body.
 * Handlers are typed by the declared responses only: a problem is thrown as a PantheonError, never returned.
 */
export function defineRoute<
  const Method extends "get" | "post" | "put" | "patch" | "delete",
  const Path extends `/${string}`,
  Answers extends Responses,
  Parts extends RequestParts = Record<never, never>,
>(method: Method, path: Path, summary: string, declared: Declaration<Parts, Answers>) {
  const { id, tag, description, isOpen = false, errorContent } = declared;
  const request = partsOf(declared.request);
  const codes = new Set([...commonProblems(request, isOpen), ...(declared.problems ?? [])]);
  const responses: Answers = { ...problems(codes, errorContent), ...withCommonHeaders(declared.responses) };
  return createRoute({
    operationId: id,
    tags: [tag],
    summary,
    description,
    security: isOpen ? [] : [{ bearer: [] }],
    method,
    path,
    request,
    responses,
  });
}

function commonProblems({ params, query, body }: RequestParts, isOpen: boolean): ErrorCode[] {
  return [
    ...(isOpen ? [] : (["unauthorized", "database_unavailable", "auth_unavailable"] as const)),
    ...(params === undefined ? [] : (["not_found"] as const)),
    ...(query === undefined ? [] : (["validation_failed"] as const)),
    ...(query !== undefined && "limit" in query.shape ? (["invalid_cursor"] as const) : []),
    ...(body === undefined || !("application/json" in body.content) ? [] : bodyProblems),
    "internal_error",
  ];
}

const bodyProblems = [
  "malformed_json",
  "payload_too_large",
  "unsupported_media_type",
  "validation_failed",
  "rate_limited",
] as const satisfies ErrorCode[];

/** Of a route that takes none: any query parameter is refused. */
const noQuery = z.strictObject({});

/** Safe: without a request `Parts` is its default, which is empty. */
function partsOf<Parts extends RequestParts>(request: Parts | undefined): Parts {
  return { query: noQuery, ...(request ?? ({} as Parts)) };
}
