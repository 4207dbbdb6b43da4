import * as z from "zod";
import { type ApiRequest, sendApiRequest } from "../api-request.ts";
import { readEventData } from "../event-stream.ts";
import type { TurnPace } from "./turn-pace.ts";

/** The origin of Pantheon, http(s)://host[:port], and a token. */
export type Target = { origin: string; token: string };

/** `token`: by default the target's; null sends none. */
export type CheckRequest = ApiRequest & { token?: string | null };

/** One request and its answer. `ms` is the time to the end of the answer, `firstTextMs` to the first text of a stream. */
export type Exchange = {
  method: string;
  path: string;
  status: number;
  ms: number;
  requestId: string | null;
};

/** `body` is parsed JSON, or the events of a stream; text where it is neither. */
export type Answer = Exchange & { headers: Headers; body: unknown; firstTextMs?: number };

export type TurnPost = { sessionId: string; message: string; key?: string; isStream?: boolean };

export type ApiClient = {
  send(request: CheckRequest): Promise<Answer>;
  /** Posts turns at once, within the rate limit. A turn that it refuses is posted again after `Retry-After`. */
  postTurns(posts: readonly TurnPost[]): Promise<Answer[]>;
  /** All requests so far, in the order of their answers. */
  exchanges: readonly Exchange[];
};

const answerTimeoutMs = 30_000;
/** Longer than any turn may take. */
const turnTimeoutMs = 330_000;
const maxRefusals = 3;

const rateLimited = z.object({ code: z.literal("rate_limited") });

/** @throws Error naming the request where nothing, or no whole answer, comes back. */
export function createApiClient({ origin, token }: Target, pace: TurnPace, nowMs: () => number): ApiClient {
  const exchanges: Exchange[] = [];

  const send = async (request: CheckRequest, timeoutMs = answerTimeoutMs): Promise<Answer> => {
    const { method, path, token: given = token } = request;
    const startedMs = nowMs();
    try {
      const timeout = AbortSignal.timeout(timeoutMs);
      const response = await sendApiRequest({ origin, token: given }, request, timeout);
      const read = await readBody(response, () => Math.round(nowMs() - startedMs));
      const { status } = response;
      const requestId = response.headers.get("X-Request-Id");
      const exchange = { method, path, status, ms: Math.round(nowMs() - startedMs), requestId };
      exchanges.push(exchange);
      return { ...exchange, headers: response.headers, ...read };
    } catch (error) {
      throw new Error(`${method} ${path}: no answer (${reasonOf(error)})`);
    }
  };

  const postTurn = async ({ sessionId, message, key, isStream }: TurnPost): Promise<Answer> => {
    const headers = key === undefined ? {} : { "Idempotency-Key": key };
    const path = `/sessions/${sessionId}/turns${isStream === true ? "/stream" : ""}`;
    for (let refusals = 0; ; refusals += 1) {
      const answer = await send({ method: "POST", path, body: { message }, headers }, turnTimeoutMs);
      const isRefused = answer.status === 429 && rateLimited.safeParse(answer.body).success;
      if (!isRefused || refusals === maxRefusals) return answer;
      await pace.pause(Number(answer.headers.get("Retry-After") ?? 60));
    }
  };

  return {
    send,
    async postTurns(posts) {
      await pace.admit(posts.length);
      return await Promise.all(posts.map(postTurn));
    },
    exchanges,
  };
}

async function readBody(response: Response, elapsedMs: () => number) {
  const type = response.headers.get("Content-Type") ?? "";
  if (!/^text\/event-stream\b/.test(type) || response.body === null) {
    const text = await response.text();
    return { body: /\bjson\b/.test(type) ? (JSON.parse(text) as unknown) : text };
  }
  const events: unknown[] = [];
  let firstTextMs: number | undefined;
  for await (const data of readEventData(response.body)) {
    if (data.includes('"TEXT_MESSAGE_CONTENT"')) firstTextMs ??= elapsedMs();
    events.push(JSON.parse(data));
  }
  return { body: events, ...(firstTextMs === undefined ? {} : { firstTextMs }) };
}

/** The reason behind fetch's "fetch failed". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return "code" in cause ? String(cause.code) : cause.message;
  return error.message;
}
