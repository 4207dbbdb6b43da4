import type { BatchItem } from "drizzle-orm/batch";
import { formatDecimal } from "../../domain/billing/pricing.ts";
import type { PricedModel, RunPricing } from "../../domain/billing/run-pricing.ts";
import { type Catalog, standardPricingVersion } from "../../domain/catalog.ts";
import type { Db } from "../core/client.ts";
import { modelPrices, pricingVersions } from "../schema.ts";

/**
 * Stores the pricing versions that the ledger rows of a batch name: that of this deployment, where it has models of its own,
 * and that of the run's claim, which may be an earlier deployment's.
 */
export function recordPrices(
  db: Db,
  createdAt: Date,
  catalog: Catalog,
  claimed: RunPricing | undefined,
): BatchItem<"pg">[] {
  const models = [...catalog.models.values()];
  const own = insertPrices(db, createdAt, catalog.pricingVersion, models);
  if (claimed === undefined || claimed.isStored === true || claimed.version === catalog.pricingVersion)
    return own;
  return [...own, ...insertPrices(db, createdAt, claimed.version, claimed.models)];
}

function insertPrices(
  db: Db,
  createdAt: Date,
  version: string,
  models: readonly Pick<PricedModel, "alias" | "multiplierHundredths">[],
): BatchItem<"pg">[] {
  if (version === standardPricingVersion || models.length === 0) return [];
  const prices = models.map(({ alias, multiplierHundredths }) => ({
    version,
    modelAlias: alias,
    multiplier: formatDecimal(BigInt(multiplierHundredths), 2),
  }));
  return [
    db
      .insert(pricingVersions)
      .values({ version, effectiveFrom: createdAt.toISOString().slice(0, 10) })
      .onConflictDoNothing(),
    db.insert(modelPrices).values(prices).onConflictDoNothing(),
  ];
}
