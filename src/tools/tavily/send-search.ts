import { readRetryAfterMs } from "../../domain/retry-after.ts";
import { maxResults, readResults, type SearchResult } from "./results.ts";

/** Why a search failed. Part of the record of the call. */
export type SearchFailure =
  | "search_not_configured"
  | "search_timeout"
  | "search_unreachable"
  | "search_unauthorized"
  | "search_rate_limited"
  | "search_failed"
  | "search_bad_response"
  | "search_aborted";

export type SearchRequest = {
  url: string;
  apiKey: string;
  fetch: typeof fetch;
  now: () => number;
  signal: AbortSignal;
};

/** The result of one HTTP request. `retryAfterMs`: null where the service names no time. */
export type SearchReading =
  | { ok: true; results: SearchResult[] }
  | {
      ok: false;
      failure: SearchFailure;
      httpStatus: number | null;
      mayRetry: boolean;
      retryAfterMs: number | null;
    };

const maxBodyBytes = 1_048_576;

/** Sends one search. Throws only if the signal has aborted. */
export async function sendSearch(query: string, request: SearchRequest): Promise<SearchReading> {
  const { url, apiKey, fetch, now, signal } = request;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { Authorization: `Bearer ${apiKey}`, "Content-Type": "application/json" },
      body: JSON.stringify({ query, max_results: maxResults, search_depth: "basic", include_answer: false }),
      // A redirect could take the key to another host.
      redirect: "manual",
      signal,
    });
    if (!response.ok) {
      await response.body?.cancel();
      return classifyStatus(response, now());
    }
    const body = await readCapped(response);
    const results = body === null ? null : readResults(body);
    if (results === null) return failed("search_bad_response", response.status);
    return { ok: true, results };
  } catch {
    signal.throwIfAborted();
    return { ...failed("search_unreachable", null), mayRetry: true };
  }
}

function classifyStatus({ status, headers }: Response, nowMs: number): SearchReading {
  const mayRetry = status === 408 || status === 429 || status >= 500;
  return { ...failed(failureOf(status), status), mayRetry, retryAfterMs: readRetryAfterMs(headers, nowMs) };
}

/** 432 and 433 are Tavily's own: the limit of a plan or a budget is reached. A retry does not help. */
function failureOf(status: number): SearchFailure {
  if (status === 401 || status === 403) return "search_unauthorized";
  if (status === 429 || status === 432 || status === 433) return "search_rate_limited";
  return "search_failed";
}

function failed(failure: SearchFailure, httpStatus: number | null) {
  return { ok: false, failure, httpStatus, mayRetry: false, retryAfterMs: null } as const;
}

/** The body as text. Null: it is longer than `maxBodyBytes`, and the rest is not read. */
async function readCapped({ body }: Response): Promise<string | null> {
  if (body === null) return null;
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBodyBytes) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
