import { dereference, type Schema, validate } from "@cfworker/json-schema";
import type { Json } from "./json.ts";

/** A request, and its answer without the body. */
export type Exchange = { method: string; path: string; status: number; headers: Headers };

/** What an OpenAPI document says against an answer: nothing where it is as declared. */
export type Contract = (exchange: Exchange, body: string) => string[];

/** Headers of answers that HTTP, CORS, caches and browsers' protections have a meaning for. All others are declared. */
const undeclaredHeaders = [
  ...["content-type", "content-length", "content-range", "content-disposition", "accept-ranges", "date"],
  ...["connection", "keep-alive", "transfer-encoding", "content-encoding", "cache-control", "vary"],
  ...["x-content-type-options", "content-security-policy", "referrer-policy", "x-accel-buffering"],
];

/** Characters of an answer that a failure shows. */
const maxShown = 1_000;

type Operation = { method: string; pattern: RegExp; responses: Json };

/** Reads a document. An operation that is not in it is not held to anything. */
export function readContract(served: Json): Contract {
  const document = closeObjects(structuredClone(served));
  const lookup = dereference(document);
  const operations = listOperations(document);
  const check = (schema: Schema, value: unknown, at: string): string[] => {
    const { valid, errors } = validate(value, schema, "2020-12", lookup);
    if (valid) return [];
    const found = errors.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`).join(" ");
    return [`${found} in ${at.slice(0, maxShown)}`];
  };

  const checkHeaders = (declared: Json, headers: Headers): string[] => {
    const named = new Map(
      Object.entries<Json>(declared).map(([name, header]) => [name.toLowerCase(), resolve(document, header)]),
    );
    const missing = [...named].filter(([name, { required }]) => required === true && !headers.has(name));
    const sent = [...headers].filter(
      ([name]) => !undeclaredHeaders.includes(name) && !name.startsWith("access-control-"),
    );
    return [
      ...missing.map(([name]) => `the header ${name} is missing`),
      ...sent.flatMap(([name, value]) => {
        const header = named.get(name);
        return header === undefined
          ? [`the header ${name} is not declared`]
          : check(header.schema, value, name);
      }),
    ];
  };

  const checkBody = ({ content = {}, description }: Json, headers: Headers, body: string): string[] => {
    const type = headers.get("Content-Type")?.split(";")[0] ?? null;
    if (type === null)
      return Object.keys(content).length === 0 && body === "" ? [] : ["there is no Content-Type"];
    const schema = content[type]?.schema;
    if (schema === undefined) return [`the media type ${type} is not declared`];
    if (type === "text/event-stream") {
      const lines = body.split("\n").filter((line) => line.startsWith("data: "));
      const ends = description.includes("[DONE]") && lines.at(-1) === "data: [DONE]";
      return (ends ? lines.slice(0, -1) : lines).flatMap((line) =>
        check(schema, JSON.parse(line.slice(6)), line),
      );
    }
    return type.includes("json") ? check(schema, JSON.parse(body), body) : [];
  };

  return ({ method, path, status, headers }, body) => {
    const operation = operations.find((each) => each.method === method && each.pattern.test(path));
    if (operation === undefined) return [];
    const response = operation.responses[status];
    const found =
      response === undefined
        ? [`the status is not declared: ${body.slice(0, maxShown)}`]
        : [...checkHeaders(response.headers ?? {}, headers), ...checkBody(response, headers, body)];
    return found.map((violation) => `${method} ${path} ${status}: ${violation}`);
  };
}

/** Those without a parameter first: a name in a path is no parameter. */
function listOperations(document: Json): Operation[] {
  return Object.entries<Json>(document.paths)
    .toSorted(([a], [b]) => a.split("{").length - b.split("{").length)
    .flatMap(([path, item]) =>
      Object.entries<Json>(item).map(([method, { responses }]) => ({
        method: method.toUpperCase(),
        pattern: new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`),
        responses,
      })),
    );
}

function resolve(document: Json, { $ref, ...header }: Json): Json {
  return $ref === undefined ? header : document.components.headers[$ref.split("/").at(-1)];
}

/** An answer has no fields but those that are declared, where its schema does not say that it may. */
function closeObjects(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (value.type === "object" && value.properties !== undefined) value.additionalProperties ??= false;
  for (const inner of Object.values(value)) closeObjects(inner);
  return value;
}

/**
 * The same answer, whose body fails at its end where the contract is broken. A client reads it as it comes, and leaves it as
 * before.
 */
export function holdToContract(
  contract: Contract,
  request: { method: string; path: string },
  answer: Response,
  fail: (violations: string[]) => void = (violations) => {
    throw new Error(`The answer is not as the document declares it.\n${violations.join("\n")}`);
  },
): Response {
  const exchange = { ...request, status: answer.status, headers: answer.headers };
  const report = (body: string) => {
    const violations = contract(exchange, body);
    if (violations.length > 0) fail(violations);
  };
  if (answer.body === null) {
    report("");
    return answer;
  }
  let text = "";
  const decoder = new TextDecoder();
  const noted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      text += decoder.decode(chunk, { stream: true });
      controller.enqueue(chunk);
    },
    flush: () => report(text),
  });
  return new Response(answer.body.pipeThrough(noted), answer);
}
