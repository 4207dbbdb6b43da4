const address = { url: "", token: "" };

/** Which server the generated functions call, and as whom. */
export function setAddress({ url, token }: { url: string; token: string }): void {
  address.url = url;
  address.token = token;
}

/** The request of every generated function: orval's own calls relative addresses, without a token. */
export async function callApi<T>(path: string, init: RequestInit): Promise<T> {
  const response = await send(path, init);
  const text = await response.text();
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const data: unknown = isJson ? JSON.parse(text) : new Blob([text]);
  // What orval asks of such a function: the answer as the operation declares it.
  return { data, status: response.status, headers: response.headers } as T;
}

export function send(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${address.token}`);
  return fetch(address.url + path, { ...init, headers });
}
