import { EventSchema } from "@ag-ui/core/schemas";
import type * as z from "zod";
import { readEventData } from "./event-stream.ts";

/** Where Pantheon answers, a token that it takes, and what ends every request. */
export type Access = { url: string; token: string; signal: AbortSignal };

/** One AG-UI event, checked. */
export type TurnEvent = z.output<typeof EventSchema>;

export type Request = { method: "GET" | "POST" | "PATCH"; path: string; body?: object };

/** Calls the API and reads its answer by the schema it answers with. Throws an Error that says what was refused. */
export async function callApi<T extends z.ZodType>(access: Access, request: Request, answer: T) {
  const response = await send(access, request, "application/json");
  return answer.parse(await response.json());
}

/** Posts a turn and hands on its events as they arrive. Resolves at the end of the stream. */
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
