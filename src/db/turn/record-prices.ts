import type { BatchItem } from "drizzle-orm/batch";
import { formatDecimal } from "../../domain/billing/pricing.ts";
import type { Catalog } from "../../domain/catalog.ts";
import type { Db } from "../core/client.ts";
import { modelPrices, pricingVersions } from "../schema.ts";

/** A deployment's own models have a pricing version of their own; it stands beside the rows priced by it. */
export function recordPrices(db: Db, createdAt: Date, catalog: Catalog): BatchItem<"pg">[] {
  if (catalog.isStandard) return [];
  const version = catalog.pricingVersion;
  const prices = [...catalog.models.values()].map(({ alias, multiplierHundredths }) => ({
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
