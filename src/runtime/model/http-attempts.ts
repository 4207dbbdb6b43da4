import type { CatalogModel } from "../../domain/catalog.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import type { AnswerState } from "./answer-state.ts";
import type { RequestBody } from "./build-request.ts";
import type { ProviderError } from "./provider-error.ts";

/** One HTTP request of a model call. */
export type HttpAttempt = {
  attempt: number;
  startedAtMs: number;
  /** When its headers came, or that they will not. */
  endedAtMs: number | null;
  /** Null: no answer's headers arrived. */
  status: number | null;
  requestId: string | null;
  /** What was read of its answer; null: it has none. */
  answer: AnswerState | null;
  /** Why that is no answer. */
  failure: AgentFailure | null;
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
 * Sends one request and records it. A redirect is an answer like any other: what it points to may be anybody. No
 * compression is asked for, so that the bytes that come are the bytes that are read.
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
