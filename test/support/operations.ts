import type { Answer, Json, TestApi } from "./api.ts";

/** One operation of the OpenAPI document. */
export type Operation = {
  /** E.g. `POST /api/v1/rooms/{room_id}/agents`. */
  name: string;
  method: string;
  path: string;
  /** Names of its path parameters, in order. */
  parameters: string[];
  /** Those that name something of a user's and, of a route for OpenAI's clients, the room that its body names. */
  resources: string[];
  queryParameters: { name: string; schema: Json }[];
  isOpen: boolean;
  /** What it is documented to answer, by status; problems name their codes in the description. */
  responses: Readonly<Record<string, { description: string; content?: Json }>>;
  /** A body it should take; undefined where it takes none. */
  body: unknown;
  /** Whether its body may be left out. */
  isBodyOptional: boolean;
  /** Whether its body is a file. */
  takesBytes: boolean;
  /** The schema of its body, references resolved at the top. */
  bodySchema: Json | undefined;
};

/** Every operation of the document that the application serves: what is routed is in it. */
export async function listOperations(api: TestApi): Promise<Operation[]> {
  const document: Json = (await api.send("GET", "/openapi.json")).body;
  return Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, declared]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      parameters: parametersOf(path),
      resources: path === completions ? ["room_id"] : parametersOf(path).filter(isResource),
      queryParameters: (declared.parameters ?? []).filter((parameter: Json) => parameter.in === "query"),
      responses: declared.responses,
      // Without a word about security an operation is taken to need a token.
      isOpen: declared.security?.length === 0,
      isBodyOptional: declared.requestBody?.required !== true,
      takesBytes: declared.requestBody?.content["application/octet-stream"] !== undefined,
      bodySchema: resolve(document, declared.requestBody?.content["application/json"]?.schema),
      body: sampleOf(document, declared.requestBody?.content["application/json"]?.schema),
    })),
  );
}

/** A chat's id is its client's own, and names nothing. */
const isResource = (parameter: string) => parameter !== "chat_id";

const completions = "/v1/chat/completions";

const parametersOf = (path: string) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");

/** The operation's body, with the room of these ids where its clients name it there. */
export function fillBody({ path, body }: Operation, { room_id }: Readonly<Record<string, string>>): unknown {
  return path === completions ? { ...Object(body), model: `room:${room_id}` } : body;
}

/** An answer whose error is in OpenAI's form, with the members of that error as its body. */
export function readRefusal(answer: Answer): Answer {
  return answer.status >= 400 && answer.body?.error ? { ...answer, body: answer.body.error } : answer;
}

/** Fills the parameters of an operation's path. */
export function fillPath({ path }: Operation, values: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the tests must be taught how to make a {${name}}`);
    return value;
  });
}

function resolve(document: Json, schema: Json | undefined): Json | undefined {
  return schema?.$ref === undefined ? schema : document.components.schemas[schema.$ref.split("/").at(-1)];
}

/** The schema's own example, else the least that fits it; nothing for no schema. */
function sampleOf(document: Json, reference: Json | undefined): unknown {
  const schema = resolve(document, reference);
  if (schema === undefined) return undefined;
  if (schema.examples !== undefined) return schema.examples[0];
  if (schema.enum !== undefined) return schema.enum[0];
  switch ([schema.type].flat()[0]) {
    case "object": {
      const fields = (schema.required ?? []).map((name: string) => [
        name,
        sampleOf(document, schema.properties[name]),
      ]);
      return Object.fromEntries(fields);
    }
    case "array":
      return [];
    case "string":
      return schema.format === "uuid" ? crypto.randomUUID() : "sample";
    case "boolean":
      return false;
    default:
      return schema.minimum ?? 1;
  }
}
