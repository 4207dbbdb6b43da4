import { loadPricingInEffect } from "../db/budgets/pricing-versions.ts";
import type { Deps } from "../deps.ts";
import { parseDecimal } from "../domain/billing/pricing.ts";
import type { CatalogModel } from "../domain/catalog.ts";

/** The models with the prices that runs are opened under now. A model that the version does not name keeps its own. */
export async function readCurrentPrices({
  db,
  catalog,
}: Pick<Deps, "db" | "catalog">): Promise<{ version: string; catalog: CatalogModel[] }> {
  const models = [...catalog.models.values()];
  const inEffect = await loadPricingInEffect(db);
  if (inEffect === null) return { version: catalog.pricingVersion, catalog: models };
  const prices = new Map(
    inEffect.prices.map(({ alias, multiplier }) => [alias, parseDecimal(multiplier, 2)]),
  );
  return {
    version: inEffect.version,
    catalog: models.map((model) => ({
      ...model,
      multiplierHundredths: Number(prices.get(model.alias) ?? model.multiplierHundredths),
    })),
  };
}
