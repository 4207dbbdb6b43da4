import { untilAborted } from "../until-aborted.ts";
import { readResults, type SearchResult } from "./results.ts";
import { sendSearch } from "./send-search.ts";

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

export type SearchFailure =
  | "search_not_configured"
  | "search_timeout"
  | "search_unreachable"
  | "search_unauthorized"
  | "search_rate_limited"
  | "search_failed"
  | "search_bad_response"
  | "search_aborted";

/** `attempts` are HTTP requests sent; `httpStatus` is the last answer's, null where there was none. */
export type SearchOutcome = { attempts: number } & (
  | { ok: true; results: SearchResult[] }
  | { ok: false; failure: SearchFailure; httpStatus: number | null }
);
