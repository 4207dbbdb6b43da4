import type { ProviderFieldName } from "./context/provider-fields.ts";
import { type ModelSettings, modelSettingNames } from "./model-settings.ts";

/** Parameters that may be left out of a request. */
export const optionalParameters = [
  "temperature",
  "top_p",
  "reasoning_effort",
  "stream_options",
  "tool_choice",
] as const;
export type OptionalParameter = (typeof optionalParameters)[number];

export const maxTokensFields = ["max_tokens", "max_completion_tokens"] as const;
export type MaxTokensField = (typeof maxTokensFields)[number];

export const systemRoles = ["system", "developer", "user"] as const;
export type SystemRole = (typeof systemRoles)[number];

/** How a model differs from other OpenAI-compatible models. Never part of an API answer. */
export type ModelDialect = {
  /** The parameter that limits an answer's tokens. */
  maxTokensField: MaxTokensField;
  /** Parameters that are never sent. */
  omit: readonly OptionalParameter[];
  /** Further parameters that are always sent, for example a gateway's routing. */
  extraBody: Readonly<Record<string, unknown>>;
  /** The role of the system message. */
  systemRole: SystemRole;
  /** Fields of an answer that are sent back to the provider. `auto`: all that it sent. */
  sendBack: "auto" | "none" | readonly ProviderFieldName[];
  /** Whether replies may begin with reasoning that only a closing tag ends. */
  reasoningInText: boolean;
  /** Further attempts after a temporary refusal. */
  retries: number;
};

export const maxRetries = 2;

/** Requests of one call: the first, its retries, and one that is adjusted to what its provider refused. */
export const maxAttempts = 1 + maxRetries + 1;

export const standardDialect: ModelDialect = {
  maxTokensField: "max_tokens",
  omit: [],
  extraBody: {},
  systemRole: "system",
  sendBack: "auto",
  reasoningInText: false,
  retries: maxRetries,
};

const maxExtraBodyBytes = 4 * 1024;

/** Parameters that Pantheon sets itself. */
const ownParameters = /^(model|messages|tools|tool_choice|stream|stream_options|max_.*tokens|n)$/;

/** What is wrong with `extraBody`. Null: nothing. */
export function findExtraBodyProblem(extraBody: Readonly<Record<string, unknown>>): string | null {
  const own = Object.keys(extraBody).find((name) => ownParameters.test(name));
  if (own !== undefined) return `must not hold '${own}'`;
  const { byteLength } = new TextEncoder().encode(JSON.stringify(extraBody));
  return byteLength > maxExtraBodyBytes ? `must have at most ${maxExtraBodyBytes} bytes` : null;
}

/** The settings of an agent that are sent to a model of this dialect. */
export function sentSettings({ omit }: ModelDialect): (keyof ModelSettings)[] {
  const omitted: readonly string[] = omit;
  return modelSettingNames.filter((name) => !omitted.includes(name));
}
