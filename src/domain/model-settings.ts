import { PantheonError } from "./errors.ts";

/** Named as the API and the providers name them. */
export type ModelSettings = {
  temperature?: number;
  top_p?: number;
  max_output_tokens?: number;
  reasoning_effort?: ReasoningEffort;
};

export const reasoningEfforts = ["minimal", "low", "medium", "high"] as const;
export type ReasoningEffort = (typeof reasoningEfforts)[number];

export const maxTemperature = 2;
export const maxTopP = 1;

const isWithin = (value: unknown, max: number) => typeof value === "number" && value >= 0 && value <= max;

const isReadable: Readonly<Record<keyof ModelSettings, (value: unknown) => boolean>> = {
  temperature: (value) => isWithin(value, maxTemperature),
  top_p: (value) => isWithin(value, maxTopP),
  max_output_tokens: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
  reasoning_effort: (value) => reasoningEfforts.some((effort) => effort === value),
};

/** Every setting, by name. */
export const modelSettingNames = Object.keys(isReadable) as (keyof ModelSettings)[];

/** Reads stored settings. Unknown names and values outside their bounds are ignored. */
export function readModelSettings(stored: unknown): ModelSettings {
  if (typeof stored !== "object" || stored === null) return {};
  const readable = Object.entries(stored).filter(
    ([name, value]) => Object.hasOwn(isReadable, name) && isReadable[name as keyof ModelSettings](value),
  );
  return Object.fromEntries(readable);
}

/** The longest answer of an agent with these settings: its own limit, within the deployment's. */
export function agentOutputTokens(settings: ModelSettings | undefined, maxOutputTokens: number): number {
  return Math.min(settings?.max_output_tokens ?? maxOutputTokens, maxOutputTokens);
}

/** @throws PantheonError `validation_failed` where `max_output_tokens` is above the deployment's limit. */
export function requireAllowedSettings(settings: ModelSettings | undefined, maxOutputTokens: number): void {
  if ((settings?.max_output_tokens ?? 0) <= maxOutputTokens) return;
  const path = "model_settings.max_output_tokens";
  const message = `must be at most ${maxOutputTokens}`;
  throw new PantheonError("validation_failed", `${path}: ${message}`, {
    members: { errors: [{ path, message }] },
  });
}
