import type { Catalog, CatalogModel } from "../catalog.ts";
import { maxRetries } from "../model-dialect.ts";
import type { ModelCallRecord } from "../turn/turn-outcome.ts";

/** The model's columns of a ledger row, and how often one call of it may be sent. */
export type PricedModel = Pick<
  CatalogModel,
  "alias" | "provider" | "providerModel" | "multiplierHundredths"
> & {
  maxAttempts: number;
  /** The pricing version of the run has no price of the model; the multiplier is the deployment's. */
  isUnpriced?: boolean;
};

/**
 * The prices of a run: every model that it may call, as it was when the run was opened. The claim keeps them, since the
 * deployment that recovers the run may have other prices, or no longer have these models.
 */
export type RunPricing = {
  version: string;
  /** The version is an operator's: it is stored with its prices. */
  isStored?: boolean;
  managerModelAlias: string;
  summarizerModelAlias: string;
  models: readonly PricedModel[];
};

type InfrastructureModels = Pick<RunPricing, "managerModelAlias" | "summarizerModelAlias">;

/** The prices of a deployment; the claim takes from it the models of its roster. */
export function describePricing(catalog: Catalog, aliases: InfrastructureModels): RunPricing {
  return {
    version: catalog.pricingVersion,
    managerModelAlias: aliases.managerModelAlias,
    summarizerModelAlias: aliases.summarizerModelAlias,
    models: [...catalog.models.values()].map(toPricedModel),
  };
}

function toPricedModel({
  alias,
  provider,
  providerModel,
  multiplierHundredths,
  dialect,
}: CatalogModel): PricedModel {
  return { alias, provider, providerModel, multiplierHundredths, maxAttempts: 1 + dialect.retries };
}

/** `claimed`: what the claim keeps; undefined in a claim of an earlier version. */
type Prices = { claimed: RunPricing | undefined; catalog: Catalog };

/** The version and the multiplier that price a call: those of the claim or, for a model that it lacks, of this deployment. */
export function resolvePrice(
  { claimed, catalog }: Prices,
  { modelAlias, multiplierHundredths }: Pick<ModelCallRecord, "modelAlias" | "multiplierHundredths">,
): { version: string; multiplierHundredths: number } {
  const inClaim = claimed?.models.find(({ alias }) => alias === modelAlias);
  if (claimed !== undefined && inClaim !== undefined && inClaim.isUnpriced !== true) {
    return { version: claimed.version, multiplierHundredths: inClaim.multiplierHundredths };
  }
  return {
    version: catalog.pricingVersion,
    multiplierHundredths: catalog.models.get(modelAlias)?.multiplierHundredths ?? multiplierHundredths,
  };
}

/** The model that a holder of the run may have called. Undefined: no deployment of this run had it. */
export function findCalledModel({ claimed, catalog }: Prices, modelAlias: string): PricedModel | undefined {
  const inClaim = claimed?.models.find(({ alias }) => alias === modelAlias);
  if (inClaim !== undefined) return inClaim;
  const model = catalog.models.get(modelAlias);
  if (model !== undefined) return toPricedModel(model);
  return claimed === undefined ? unknownModel(modelAlias) : undefined;
}

/** A claim of an earlier version has the alias only. Its calls still have a row in the ledger. */
function unknownModel(alias: string): PricedModel {
  return {
    alias,
    provider: "unknown",
    providerModel: alias,
    multiplierHundredths: 100,
    maxAttempts: 1 + maxRetries,
  };
}
