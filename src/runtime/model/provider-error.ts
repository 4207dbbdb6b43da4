import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import { toNumber, toRecord, toWord, type WireRecord, writeJson } from "./wire-values.ts";

/** An error that a provider reports, by HTTP status or inside an answer with status 200. */
export type ProviderError = {
  /** Null: the provider names none. */
  status: number | null;
  /** Its codes and types in lower case, as far as they are words. */
  codes: readonly string[];
  /** The provider's own text. It is searched for words, and never shown. */
  message: string;
};

const maxMessageCharacters = 4_096;

/** The error that a chunk of an answer holds; null where it holds none, however many empty fields it has. */
export function readChunkError(chunk: WireRecord, eventName: string | undefined): ProviderError | null {
  const choice = Array.isArray(chunk.choices) ? toRecord(chunk.choices[0]) : null;
  for (const value of [chunk.error, choice?.error, toRecord(chunk.x_groq)?.error]) {
    const error = readErrorValue(value);
    if (error !== null) return error;
  }
  if (chunk.choices !== undefined && chunk.choices !== null) return null;
  const isError =
    eventName === "error" ||
    chunk.object === "error" ||
    chunk.type === "error" ||
    hasWords(chunk.detail) ||
    (hasWords(chunk.message) && hasWords(chunk.code ?? chunk.status));
  return isError ? toError(chunk) : null;
}

/** An error's value is an object with a message or a code, or the message alone. */
function readErrorValue(value: unknown): ProviderError | null {
  if (typeof value === "string") return value.trim() === "" ? null : toError({ message: value });
  const wire = toRecord(value);
  if (wire === null) return null;
  const error = toError(wire);
  const isNamed = error.message.trim() !== "" || (error.status ?? 0) >= 300;
  return isNamed || error.codes.some((code) => !/^(0|200|null|none|ok|success)$/.test(code)) ? error : null;
}

/** The error of an answer with an error status. */
export function readErrorBody(status: number, body: unknown): ProviderError {
  const [first] = Array.isArray(body) ? body : [body];
  const wire = toRecord(first);
  const inner = toRecord(wire?.error);
  const named = inner ?? wire ?? { message: typeof first === "string" ? first : "" };
  const text = inner === null && typeof wire?.error === "string" ? { message: wire.error } : named;
  return { ...toError(text), status };
}

function toError(wire: WireRecord): ProviderError {
  const inner = toRecord(wire.innererror);
  const metadata = toRecord(wire.metadata);
  const words = [wire.code, wire.type, wire.status, inner?.code, inner?.type];
  const codes = words.map((word) => toWord(word).slice(0, 100).toLowerCase()).filter((word) => word !== "");
  // OpenRouter reports a refusal by moderation only in these fields.
  if (metadata !== null && ("flagged_input" in metadata || "reasons" in metadata)) codes.push("moderation");
  const message = [wire.message, wire.detail, wire.msg, metadata?.raw].map(toText).join(" ");
  return { status: readStatus(words), codes, message: message.slice(0, maxMessageCharacters) };
}

function toText(value: unknown): string {
  if (typeof value === "string") return value.slice(0, maxMessageCharacters);
  return value === undefined || value === null ? "" : (writeJson(value) ?? "").slice(0, maxMessageCharacters);
}

function hasWords(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && value !== false;
}

function readStatus(words: readonly unknown[]): number | null {
  const statuses = words.map(toNumber);
  return statuses.find((status) => status !== null && status >= 300 && status <= 599) ?? null;
}

const filterCodes =
  /content_?filter|content_?policy|moderation|responsible_?ai|safety|flagged|data_inspection|sensitive_?content|prohibited_content|guardrail/;
const filterWords =
  /content management policy|content (?:was |is )?(?:filtered|flagged|blocked)|flagged (?:by|as)|moderation|safety (?:system|filter)|usage polic/i;

const lengthCodes =
  /context_?(?:length|window)|exceed_context_size|string_above_max_length|prompt_too_long|input_too_long/;
const lengthWords =
  /context (?:length|window|size)|prompt is too long|input is too long|too many (?:input )?tokens|(?:input|prompt) tokens? .{0,80}exceed|exceeds? .{0,80}(?:context|maximum (?:number of )?(?:input )?tokens|token limit)|reduce the length of the (?:messages|prompt|input)/i;

const rateCodes = /rate_?limit|too_many_requests|resource_exhausted|throttl/;

/** Whether the provider refuses the content of the prompt or of the answer. */
function isFilterRefusal({ status, codes, message }: ProviderError): boolean {
  if (status !== null && status !== 400 && status !== 403 && status !== 422 && status !== 451) return false;
  return codes.some((code) => filterCodes.test(code)) || filterWords.test(message);
}

/** Whether the request is longer than the model takes. */
function isTooLongForModel(error: ProviderError): boolean {
  const { status, codes, message } = error;
  if (isRateLimit(error) || status === 401 || status === 402 || status === 403) return false;
  return codes.some((code) => lengthCodes.test(code)) || lengthWords.test(message);
}

function isRateLimit({ status, codes }: ProviderError): boolean {
  return status === 429 || codes.some((code) => rateCodes.test(code));
}

/** Whether the same request may succeed a moment later. */
export function isPassing(error: ProviderError): boolean {
  const status = isRateLimit(error) ? 429 : error.status;
  return status !== null && (status === 408 || status === 409 || status === 429 || status >= 500);
}

/**
 * The agent's failure for a provider's error. Its message is written here, since a provider's text may hold anything.
 * `keySetting`: the setting that an operator has to check.
 */
export function classifyProviderError(error: ProviderError, keySetting: string): AgentFailure {
  if (isRateLimit(error)) {
    return { code: "model_rate_limited", message: "The model's provider limits the rate of calls." };
  }
  if (isFilterRefusal(error)) {
    return { code: "model_refused", message: "The provider's content filter refused the request." };
  }
  if (isTooLongForModel(error)) {
    return {
      code: "context_budget_exceeded",
      message: "The model's provider says that the conversation is too long for the model.",
    };
  }
  return { code: "model_error", message: describeStatus(error.status, keySetting) };
}

function describeStatus(status: number | null, keySetting: string): string {
  if (status === null) return "The model's provider reported an error in its answer.";
  const answered = `The model's provider answered with status ${status}`;
  if (status === 401 || status === 403) return `${answered}: see the setting ${keySetting}.`;
  if (status === 402)
    return `${answered}: the account of the key in the setting ${keySetting} has no credit.`;
  if (status < 400)
    return `${answered}, a redirect. Redirects are not followed: see the base URL of the model.`;
  return `${answered}.`;
}

/** The tokens that a provider counted for a request that was too long. Null: it names none. */
export function readCountedTokens({ message }: ProviderError): number | null {
  const promptAlone = /\(([\d,_]{2,11}) (?:tokens )?(?:in the (?:messages|prompt|input)|of text input)/i.exec(
    message,
  );
  const counted =
    promptAlone ??
    /input token count \(([\d,_]{2,11})\)/i.exec(message) ??
    /(?:resulted in|requested|contains?|has|is|got|using|input of|prompt \()\D{0,20}([\d,_]{2,11}) (?:input )?tokens/i.exec(
      message.replace(/(?:maximum|limit|at most|up to)[^.;]{0,60}?[\d,_]{2,11} tokens/gi, ""),
    );
  const count = Number((counted?.[1] ?? "").replace(/[,_]/g, ""));
  return count > 0 ? count : null;
}
