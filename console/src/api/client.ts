import { readProblem, toApiError } from "./problem.ts";

/** The one place that knows where the API is. */
const apiPath = "/api/v1";

export type Call = {
  body?: unknown;
  query?: Readonly<Record<string, string | number | undefined>>;
  headers?: Readonly<Record<string, string>>;
  /** Sent as it is, in place of `body`. */
  bytes?: Blob;
  signal?: AbortSignal;
};

export type Client = {
  /** The JSON of a successful answer. Rejects with ApiError. */
  json<T>(method: string, path: string, call?: Call): Promise<T>;
  /** A successful answer itself. Rejects with ApiError. */
  send(method: string, path: string, call?: Call): Promise<Response>;
};

/** @param onUnauthorized is called when the API refuses the token. */
export function createClient(readToken: () => string | undefined, onUnauthorized: () => void): Client {
  const send = async (method: string, path: string, call: Call = {}) => {
    const { body, bytes, headers = {}, signal } = call;
    const token = readToken();
    const init: RequestInit = {
      method,
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: bytes ?? (body === undefined ? null : JSON.stringify(body)),
      signal: signal ?? null,
      cache: "no-store",
    };
    const response = await fetch(urlOf(path, call.query), init).catch((error: unknown) => {
      throw signal?.aborted ? error : toApiError(error);
    });
    if (response.ok) return response;
    if (response.status === 401) onUnauthorized();
    throw await readProblem(response);
  };
  return {
    send,
    async json<T>(method: string, path: string, call?: Call): Promise<T> {
      const response = await send(method, path, call);
      // Safe: the server checks its answers against the schemas that the types are made of.
      return (response.status === 204 ? undefined : await response.json()) as T;
    },
  };
}

function urlOf(path: string, query: Call["query"] = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const search = given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
  return `${apiPath}${path}${search}`;
}
