import * as fc from "fast-check";
import { fillPath, type Operation } from "../../../support/operations.ts";
import { bodiesFor, queryFor } from "./bodies.ts";
import { headerText, oddText } from "./odd-values.ts";
import type { Tenant } from "./tenant.ts";
import { uploadsOf } from "./uploads.ts";

/** Whose id a path contains: a name, so that generated requests are the same in every run. */
export type Owner = "own" | "stranger";
export type Written = { text: string };

export type FuzzedRequest = {
  parameters: Record<string, Owner | Written>;
  /** `own:session_id` and the like are replaced by ids of the tenant. */
  query: [string, string][];
  headers: Record<string, string>;
  body?: Uint8Array<ArrayBuffer> | undefined;
};

const parameter: fc.Arbitrary<Owner | Written> = fc.oneof(
  { weight: 16, arbitrary: fc.constant<Owner>("own") },
  { weight: 1, arbitrary: fc.constant<Owner>("stranger") },
  { weight: 1, arbitrary: fc.uuid().map((text) => ({ text })) },
  { weight: 1, arbitrary: oddText.map((text) => ({ text: text.slice(0, 2_000) })) },
);

const contentType = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("application/json", "application/json; charset=utf-8") },
  fc.constantFrom(
    "text/plain",
    "application/json; charset",
    "*/*",
    ";",
    "multipart/form-data",
    "application/xml",
  ),
  headerText(60),
);

const accept = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom("text/event-stream", "application/json", "*/*") },
  { weight: 1, arbitrary: fc.oneof(fc.constant("text/event-stream;q=0"), headerText(80)) },
);

const optionalHeaders = fc.record(
  {
    "Idempotency-Key": fc.oneof(fc.uuid(), fc.constantFrom("k1", "k2"), headerText(300)),
    "X-Request-Id": headerText(200),
    Accept: accept,
    Origin: fc.oneof(fc.constantFrom("http://app.example", "null"), headerText(60)),
    "Accept-Language": headerText(40),
    Cookie: headerText(40),
  },
  { requiredKeys: [] },
);

/** As a client that lies would say it. */
const announcedLength = fc.oneof(
  { weight: 24, arbitrary: fc.constant(undefined) },
  fc.constantFrom("0", "1", "99999999999", "-1", "x"),
);

const headers = fc
  .record({
    type: contentType,
    length: announcedLength,
    others: optionalHeaders,
  })
  .map(({ type, length, others }) => ({
    ...others,
    "Content-Type": type,
    ...(length === undefined ? {} : { "Content-Length": length }),
  }));

/** Requests for an operation: most of them are ones that it should take, or nearly. */
export function requestsFor(operation: Operation): fc.Arbitrary<FuzzedRequest> {
  const { parameters, queryParameters, bodySchema, body, takesBytes } = operation;
  const cursors = ["own:room_id", "own:session_id", "own:turn_id"];
  const declared = queryParameters.map(({ name, schema }) =>
    queryFor(schema, cursors).map((value): [string, string] => [name, value]),
  );
  const undeclared = fc.tuple(oddText, oddText);
  const requests: fc.Arbitrary<FuzzedRequest> = fc.record({
    parameters: fc.record(Object.fromEntries(parameters.map((name) => [name, parameter]))),
    query: fc.oneof(
      { weight: 2, arbitrary: fc.constant<[string, string][]>([]) },
      { weight: 3, arbitrary: fc.array(fc.oneof(...declared, undeclared), { maxLength: 3 }) },
    ),
    headers,
    body: bodySchema === undefined ? fc.constant(undefined) : bodiesFor(bodySchema, body).map(toOwnBuffer),
  });
  return takesBytes ? uploadsOf(requests) : requests;
}

const toOwnBuffer = (bytes: Uint8Array) => Uint8Array.from(bytes);

/** The path of a request with the ids of these two filled in. */
export function pathOf(operation: Operation, request: FuzzedRequest, own: Tenant, stranger: Tenant): string {
  const values = Object.entries(request.parameters).map(([name, value]) => {
    if (value === "own") return [name, own.ids[name] ?? ""];
    if (value === "stranger") return [name, stranger.ids[name] ?? ""];
    return [name, encodeURIComponent(value.text.toWellFormed()) || "%20"];
  });
  const pairs = request.query.map(([name, value]) => [name, own.ids[value.replace("own:", "")] ?? value]);
  const query = new URLSearchParams(pairs.map(([name = "", value = ""]) => [name, value])).toString();
  return fillPath(operation, Object.fromEntries(values)) + (query === "" ? "" : `?${query}`);
}
