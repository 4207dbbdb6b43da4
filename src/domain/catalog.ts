import { PantheonError } from "./errors.ts";
import { type ModelDialect, standardDialect } from "./model-dialect.ts";

/** One model that agents can be given. Prices belong to a pricing version (see pricing.ts). */
export type CatalogModel = {
  alias: string;
  provider: string;
  /** Base URL of the provider's OpenAI-compatible API; absent: the deployment's `LLM_BASE_URL`. */
  baseUrl?: string;
  /** Name of the setting that holds the key for `baseUrl`; absent: `LLM_API_KEY`. */
  apiKeySetting?: string;
  /** The provider's own id of the model. */
  providerModel: string;
  contextWindowTokens: number;
  /** Price multiplier in hundredths: 50 is 0.50. */
  multiplierHundredths: number;
  /** How requests to its provider differ. */
  dialect: ModelDialect;
};

/** The models and the pricing version under which they are billed. */
export type Catalog = {
  pricingVersion: string;
  models: ReadonlyMap<string, CatalogModel>;
};

/** The context window of a model whose own is not known. */
export const defaultContextWindowTokens = 8_192;

/** The pricing version that the first migration stores. */
export const standardPricingVersion = "2026-02-20";

const openRouterModel = (
  alias: string,
  providerModel: string,
  contextWindowTokens: number,
  multiplierHundredths: number,
): CatalogModel => ({
  alias,
  provider: "openrouter",
  providerModel,
  contextWindowTokens,
  multiplierHundredths,
  dialect: standardDialect,
});

export const standardModels: readonly CatalogModel[] = [
  openRouterModel("llama", "meta-llama/llama-4-scout", 327_680, 50),
  openRouterModel("qwen", "qwen/qwen3-235b-a22b", 131_072, 50),
  openRouterModel("deepseek", "deepseek/deepseek-v3.1-terminus", 131_072, 100),
  openRouterModel("gpt_oss", "openai/gpt-oss-120b", 131_072, 50),
  openRouterModel("premium", "google/gemini-2.5-pro", 1_048_576, 1_400),
];

/** The standard models and a deployment's own, which replace standard ones of the same alias. */
export function buildCatalog(overrides: readonly CatalogModel[], overridesDigest: string): Catalog {
  const models = new Map(standardModels.map((model) => [model.alias, model]));
  for (const model of overrides) models.set(model.alias, model);
  // A deployment that adds or overrides models has a pricing version of its own.
  const suffix = overrides.length === 0 ? "" : `+${overridesDigest}`;
  return { pricingVersion: `${standardPricingVersion}${suffix}`, models };
}

/** @throws PantheonError `unknown_model` where an alias is given that is not in the catalog. */
export function requireKnownModel(catalog: Catalog, alias: string | undefined): void {
  if (alias === undefined || catalog.models.has(alias)) return;
  const known = [...catalog.models.keys()].join(", ");
  throw new PantheonError("unknown_model", `There is no model '${alias}'; known: ${known}.`);
}
