import { EventSchema } from "@ag-ui/core/schemas";
import type * as z from "zod";
import { readEventData } from "../event-stream.ts";

/** The URL of Pantheon, a token, and a signal that ends every request. */
export type Access = { url: string; token: string; signal: AbortSignal };

/** One AG-UI event, checked. */
export type TurnEvent = z.output<typeof EventSchema>;

export type Request = { method: "GET" | "POST" | "PATCH"; path: string; body?: object };

/** Calls the API and parses its answer. Throws an Error that names a refused request. */
export async function callApi<T extends z.ZodType>(access: Access, request: Request, answer: T) {
  const response = await send(access, request, "application/json");
  return answer.parse(await response.json());
}

/** Posts a turn and passes its events on as they arrive. Resolves at the end of the stream. */
export async function streamTurn(
  access: Access,
  request: Request,
  onEvent: (event: TurnEvent) => void,
): Promise<void> {
  const { body } = await send(access, request, "text/event-stream");
  if (body === null) return;
  for await (const data of readEventData(body)) onEvent(EventSchema.parse(JSON.parse(data)));
}

async function send({ url, token, signal }: Access, { method, path, body }: Request, accept: string) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", Accept: accept },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal,
  });
  if (response.ok) return response;
  throw new Error(`${method} ${path} was answered with ${response.status}: ${await response.text()}`);
}
