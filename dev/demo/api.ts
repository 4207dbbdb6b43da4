import { EventSchema } from "@ag-ui/core/schemas";
import type * as z from "zod";
import { type ApiRequest, sendApiRequest } from "../api-request.ts";
import { readEventData } from "../event-stream.ts";

/** The URL of Pantheon, a token, and a signal that ends every request. */
export type Access = { url: string; token: string; signal: AbortSignal };

/** One AG-UI event, checked. */
export type TurnEvent = z.output<typeof EventSchema>;

/** Calls the API and parses its answer. Throws an Error that names a refused request. */
export async function callApi<T extends z.ZodType>(access: Access, request: ApiRequest, answer: T) {
  const response = await send(access, request);
  return answer.parse(await response.json());
}

/** Calls the API, and parses a refusal as well. */
export async function askApi<T extends z.ZodType, P extends z.ZodType>(
  { url, token, signal }: Access,
  request: ApiRequest,
  { answer, problem }: { answer: T; problem: P },
): Promise<{ ok: true; body: z.output<T> } | { ok: false; status: number; body: z.output<P> }> {
  const response = await sendApiRequest({ origin: url, token }, request, signal);
  const body = await response.json();
  if (response.ok) return { ok: true, body: answer.parse(body) };
  return { ok: false, status: response.status, body: problem.parse(body) };
}

/** Posts a turn and passes its events on as they arrive. Resolves at the end of the stream. */
export async function streamTurn(
  access: Access,
  request: ApiRequest,
  onEvent: (event: TurnEvent) => void,
): Promise<void> {
  const { body } = await send(access, request);
  if (body === null) return;
  for await (const data of readEventData(body)) onEvent(EventSchema.parse(JSON.parse(data)));
}

async function send({ url, token, signal }: Access, request: ApiRequest): Promise<Response> {
  const response = await sendApiRequest({ origin: url, token }, request, signal);
  if (response.ok) return response;
  throw new Error(
    `${request.method} ${request.path} was answered with ${response.status}: ${await response.text()}`,
  );
}
