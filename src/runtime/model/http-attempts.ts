import type { CatalogModel } from "../../domain/catalog.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import type { AnswerState } from "./answer-state.ts";
import type { RequestBody } from "./build-request.ts";
import type { ProviderError } from "./provider-error.ts";

/** One HTTP request of a model call. */
export type HttpAttempt = {
  attempt: number;
  startedAtMs: number;
  /** When its headers arrived or the request failed. Null: it is in flight. */
  endedAtMs: number | null;
  /** Null: no headers arrived. */
  status: number | null;
  requestId: string | null;
  /** What was read of its answer. Null: there is none. */
  answer: AnswerState | null;
  /** Why the attempt failed. Null: it did not. */
  failure: AgentFailure | null;
  /** Whether a cancel cut it off after it was sent. */
  isCancelled: boolean;
  /** The body of an answer with an error status. */
  refusal: ProviderError | null;
};

export type Endpoint = { baseUrl: string; url: string; apiKey: string; keySetting: string };

const defaultKeySetting = "LLM_API_KEY";

/** Where a model is reached. `apiKeys` by the name of their setting. */
export function endpointOf(
  { baseUrl, apiKeySetting }: CatalogModel,
  defaults: { baseUrl: string; apiKeys: ReadonlyMap<string, string> },
): Endpoint {
  const keySetting = apiKeySetting ?? defaultKeySetting;
  const base = (baseUrl ?? defaults.baseUrl).replace(/\/+$/, "");
  return {
    baseUrl: base,
    url: `${base}/chat/completions`,
    apiKey: defaults.apiKeys.get(keySetting) ?? "",
    keySetting,
  };
}

/**
 * Sends one request and records it. Redirects are not followed: they may lead to another host. Compression is not
 * requested, so that the limit of bytes holds for what is read.
 */
export async function sendAttempt(
  attempt: HttpAttempt,
  { url, apiKey }: Endpoint,
  body: RequestBody,
  { now, signal }: { now: () => number; signal: AbortSignal },
): Promise<Response> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${apiKey}`,
        "Content-Type": "application/json",
        Accept: "text/event-stream, application/json",
        "Accept-Encoding": "identity",
      },
      body: JSON.stringify(body),
      redirect: "manual",
      signal,
    });
    attempt.status = response.status;
    attempt.requestId = response.headers.get("x-request-id");
    return response;
  } finally {
    attempt.endedAtMs = now();
  }
}
