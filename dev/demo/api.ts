import { EventSchema } from "@ag-ui/core/schemas";
import type * as z from "zod";
import { type ApiRequest, sendApiRequest } from "../api-request.ts";
import { readServerEvents } from "../event-stream.ts";

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

type TurnStream = {
  onEvent: (event: TurnEvent) => void;
  /** The connection is cut after the first agent's answer. */
  isCut: boolean;
  onCut: () => void;
};

/**
 * Posts a turn and passes its events on as they arrive. Resolves at the end of the stream. One that is cut is followed from
 * the last event that arrived, as `EventSource` of a browser does it.
 */
export async function streamTurn(
  access: Access,
  { path, message }: { path: string; message: string },
  { onEvent, isCut, onCut }: TurnStream,
): Promise<void> {
  const post: ApiRequest = { method: "POST", path: `${path}/stream`, body: { message } };
  const place = await readEvents(access, post, { onEvent, isCut });
  if (!isCut) return;
  onCut();
  const headers = place.lastId === null ? {} : { "Last-Event-ID": place.lastId };
  const follow: ApiRequest = { method: "GET", path: `${path}/${place.turnId}/events`, headers };
  await readEvents(access, follow, { onEvent, isCut: false });
}

type ReadOptions = Omit<TurnStream, "onCut">;

async function readEvents(access: Access, request: ApiRequest, { onEvent, isCut }: ReadOptions) {
  const { body } = await send(access, request);
  const place: { lastId: string | null; turnId: string | null } = { lastId: null, turnId: null };
  if (body === null) return place;
  for await (const { id, data } of readServerEvents(body)) {
    const event = EventSchema.parse(JSON.parse(data));
    // The first run of a turn has the turn's id.
    if (event.type === "RUN_STARTED") place.turnId = event.runId;
    place.lastId = id;
    onEvent(event);
    // Leaving the loop closes the connection.
    if (isCut && event.type === "SUBAGENT_FINISHED") break;
  }
  return place;
}

async function send({ url, token, signal }: Access, request: ApiRequest): Promise<Response> {
  const response = await sendApiRequest({ origin: url, token }, request, signal);
  if (response.ok) return response;
  throw new Error(
    `${request.method} ${request.path} was answered with ${response.status}: ${await response.text()}`,
  );
}
