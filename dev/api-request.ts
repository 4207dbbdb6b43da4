export type ApiRequest = {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Under /api/v1. */
  path: string;
  body?: object;
  headers?: Readonly<Record<string, string>>;
};

/** Sends one request to the API at `origin`. Without a token it has no `Authorization`. Redirects are not followed. */
export function sendApiRequest(
  { origin, token }: { origin: string; token: string | null },
  { method, path, body, headers }: ApiRequest,
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
    redirect: "manual",
    signal,
  });
}
