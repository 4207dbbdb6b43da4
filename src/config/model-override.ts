import * as z from "zod";
import type { CatalogModel } from "../domain/catalog.ts";
import { providerFieldNames } from "../domain/context/provider-fields.ts";
import {
  findExtraBodyProblem,
  type ModelDialect,
  maxRetries,
  maxTokensFields,
  optionalParameters,
  standardDialect,
  systemRoles,
} from "../domain/model-dialect.ts";
import { httpUrl, jsonText, name } from "./setting-forms.ts";

/** The column `model_prices.multiplier` can store it, and credits stay exact. */
const isMultiplier = (value: number) =>
  value >= 0.01 && value <= 9_999.99 && Number(value.toFixed(2)) === value;

const oneOf = <const Words extends readonly string[]>(words: Words) =>
  z.enum(words, `must be one of ${words.join(", ")}`);

const extraBody = z.record(z.string(), z.unknown()).superRefine((value, context) => {
  const problem = findExtraBodyProblem(value);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

const retriesRange = `must be a whole number from 0 to ${maxRetries}`;

const dialect = {
  max_tokens_field: oneOf(maxTokensFields).optional(),
  omit: z.array(oneOf(optionalParameters)).optional(),
  extra_body: extraBody.optional(),
  system_role: oneOf(systemRoles).optional(),
  send_back: z
    .union([z.enum(["auto", "none"]), z.array(z.enum(providerFieldNames))], {
      error: `must be auto, none or a list of ${providerFieldNames.join(", ")}`,
    })
    .optional(),
  reasoning_in_text: z.boolean().optional(),
  retries: z.int(retriesRange).min(0, retriesRange).max(maxRetries, retriesRange).optional(),
};

/** A model's fields, as docs/providers.md explains them. */
export const modelOverrideFields = {
  alias: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 . _ -"),
  provider: name,
  model: name,
  base_url: httpUrl.optional(),
  api_key_setting: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,127}$/, "must be the name of a setting")
    .optional(),
  context_window: z.int().min(2_048).max(100_000_000),
  multiplier: z.number().refine(isMultiplier, "must be from 0.01 to 9999.99, with two decimals at most"),
  ...dialect,
};

const modelOverride = z
  .strictObject(modelOverrideFields)
  .superRefine(({ omit = [], extra_body: extra = {} }, context) => {
    const both = omit.find((parameter) => Object.hasOwn(extra, parameter));
    if (both === undefined) return;
    context.addIssue({
      code: "custom",
      path: ["omit"],
      message: `has '${both}', which extra_body has as well`,
    });
  });

export type ModelOverride = z.output<typeof modelOverride>;

/** MODELS_JSON: a deployment's own models. */
export const modelOverrides = jsonText("[]").pipe(z.array(modelOverride).max(200));

export function toCatalogModel(override: ModelOverride): CatalogModel {
  return {
    alias: override.alias,
    provider: override.provider,
    providerModel: override.model,
    contextWindowTokens: override.context_window,
    multiplierHundredths: Math.round(override.multiplier * 100),
    dialect: toDialect(override),
    ...(override.base_url === undefined ? {} : { baseUrl: override.base_url }),
    ...(override.api_key_setting === undefined ? {} : { apiKeySetting: override.api_key_setting }),
  };
}

function toDialect(override: ModelOverride): ModelDialect {
  return {
    maxTokensField: override.max_tokens_field ?? standardDialect.maxTokensField,
    omit: override.omit ?? standardDialect.omit,
    extraBody: override.extra_body ?? standardDialect.extraBody,
    systemRole: override.system_role ?? standardDialect.systemRole,
    sendBack: override.send_back ?? standardDialect.sendBack,
    reasoningInText: override.reasoning_in_text ?? standardDialect.reasoningInText,
    retries: override.retries ?? standardDialect.retries,
  };
}

/** The text that names a pricing version: the models without their dialects, which do not change prices. */
export function describePrices(overrides: readonly ModelOverride[]): string {
  return JSON.stringify(
    overrides.map((override) => ({
      alias: override.alias,
      provider: override.provider,
      model: override.model,
      base_url: override.base_url,
      api_key_setting: override.api_key_setting,
      context_window: override.context_window,
      multiplier: override.multiplier,
    })),
  );
}
