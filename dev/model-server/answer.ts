import type { DialectName } from "./dialects.ts";

/** Tokens of an answer, before they are put into a provider's form; `cost` (US$) is OpenRouter's. */
export type ReportedUsage = {
  prompt_tokens: number;
  /** With reasoning. */
  completion_tokens: number;
  reasoning_tokens?: number;
  /** Of the prompt's. */
  cached_tokens?: number;
  cost?: number;
};

export type ToolCall = { name: string; arguments: string; id?: string };

/** One answer of a model server, faults included; plain JSON, so that tests can send it over HTTP. */
export type ModelAnswer = {
  /** The whole reply: one delta when it is streamed. `deltas` wins. */
  text?: string;
  deltas?: string[];
  tool_calls?: ToolCall[];
  /** Default `stop`, or `tool_calls` when there are some; null is never sent. */
  finish_reason?: string | null;
  /** Default: counted from the texts' lengths. null is not reported. */
  usage?: ReportedUsage | null;
  /** Before the headers. */
  delay_ms?: number;
  /** Before every delta but the first. */
  delta_delay_ms?: number;
  /** From 400 on an error with `body`, or OpenAI's error shape without one. Default 200. */
  status?: number;
  headers?: Record<string, string>;
  /** Sent instead of a completion: a string as it is, anything else as JSON. Its `usage` is what it reports. */
  body?: unknown;
  /** Sent behind `body` again and again: up to so many bytes, or until the client goes away; slowly with a pause. */
  repeat?: { text: string; bytes?: number; pause_ms?: number };
  /** `body` and what is repeated are sent compressed, even if the client does not accept that. */
  gzip?: true;
  /** The connection is not closed behind the answer. */
  leave_open?: true;
  /** Before the report of usage. */
  usage_delay_ms?: number;
  /** Waits for the gate of this name before the headers. */
  hold?: string;
  /** Waits for the gate of this name after the first delta (unstreamed: after the headers). */
  hold_after_first?: string;
  /** Never goes on, until the client or the server ends. */
  hang?: "before_headers" | "after_first";
  cut_before_headers?: true;
  /** Destroys the connection after so many data lines (unstreamed: in the middle of the body). */
  cut_after_chunks?: number;
  /** A data line that is not JSON, after the first delta (unstreamed: the body). */
  bad_json?: true;
  /** An error event in mid-stream as OpenRouter sends it, after the first delta (unstreamed: the body). */
  error_event?: true;
  /** false: the stream ends without its `[DONE]`. */
  done?: false;
  /** Whose form the answer has. Default `openai`. */
  dialect?: DialectName;
};

/** About four characters a token, at least one. Deterministic, and close enough for a demo. */
export function tokensOf(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}
