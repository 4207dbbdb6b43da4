export type ApiRequest = {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Under /api/v1. */
  path: string;
  body?: object;
  /** A body that is not JSON. */
  bytes?: Uint8Array;
  headers?: Readonly<Record<string, string>>;
};

/** Sends one request to the API at `origin`. Without a token it has no `Authorization`. Redirects are not followed. */
export function sendApiRequest(
  { origin, token }: { origin: string; token: string | null },
  { method, path, body, bytes, headers }: ApiRequest,
  signal: AbortSignal,
): Promise<Response> {
  return fetch(`${origin}/api/v1${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(bytes === undefined ? {} : { body: bytes }),
    redirect: "manual",
    signal,
  });
}
