import { untilAborted } from "../until-aborted.ts";
import type { SearchResult } from "./results.ts";
import { type SearchFailure, sendSearch } from "./send-search.ts";

export type TavilyOptions = {
  /** Undefined or empty: the search is not configured. */
  apiKey: string | undefined;
  /** Without `/search`. */
  baseUrl: string;
  fetch: typeof fetch;
  /** Milliseconds of the wall clock: `Retry-After` may be a date. */
  now: () => number;
  /** Over all attempts of a search and to the end of the answer. */
  timeoutMs?: number;
};

/** `attempts` are HTTP requests sent; `httpStatus` is the last answer's, null where there was none. */
export type SearchOutcome = { attempts: number } & (
  | { ok: true; results: SearchResult[] }
  | { ok: false; failure: SearchFailure; httpStatus: number | null }
);

const defaultTimeoutMs = 10_000;
const maxAttempts = 2;
/** Pause between attempts where the service names none. */
const defaultPauseMs = 250;
/** An agent waits for the search. If the service asks for a longer pause, there is no second attempt. */
const maxPauseMs = 3_000;

/** Searches the web with at most two attempts within the timeout. Never throws: an error is an outcome. */
export async function askTavily(
  query: string,
  { apiKey, baseUrl, fetch, now, timeoutMs = defaultTimeoutMs }: TavilyOptions,
  signal: AbortSignal,
): Promise<SearchOutcome> {
  if (apiKey === undefined || apiKey === "") return notAnswered("search_not_configured", 0);
  const deadlineMs = now() + timeoutMs;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  const stop = AbortSignal.any([signal, timeout.signal]);
  const url = `${baseUrl.replace(/\/+$/, "")}/search`;
  let attempts = 0;

  const attemptAll = async (): Promise<SearchOutcome> => {
    for (;;) {
      stop.throwIfAborted();
      attempts += 1;
      const reading = await sendSearch(query, { url, apiKey, fetch, now, signal: stop });
      if (reading.ok) return { ...reading, attempts };
      const pauseMs = reading.retryAfterMs ?? defaultPauseMs;
      const isLast = attempts >= maxAttempts || !reading.mayRetry;
      if (isLast || pauseMs > maxPauseMs || now() + pauseMs >= deadlineMs) {
        return { ok: false, failure: reading.failure, httpStatus: reading.httpStatus, attempts };
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };

  try {
    return await untilAborted(attemptAll(), stop);
  } catch {
    if (signal.aborted) return notAnswered("search_aborted", attempts);
    return notAnswered(timeout.signal.aborted ? "search_timeout" : "search_failed", attempts);
  } finally {
    clearTimeout(timer);
  }
}

function notAnswered(failure: SearchFailure, attempts: number): SearchOutcome {
  return { ok: false, failure, httpStatus: null, attempts };
}
