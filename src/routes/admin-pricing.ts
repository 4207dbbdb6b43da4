import { addPricingVersion } from "../actions/add-pricing-version.ts";
import { loadPricingVersions } from "../db/budgets/pricing-versions.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json, jsonBody } from "../http/responses.ts";
import { pageOf } from "../http/schemas.ts";
import { newPricingVersion, pricingVersion, toPricingVersion } from "./schemas/money.ts";
import { versionQuery } from "./schemas/usage.ts";

const tag = "operators";

const routes = {
  list: defineRoute("get", "/admin/pricing-versions", "List the pricing versions, by name", {
    id: "listPricingVersions",
    description: "Those of operators, and those that deployments brought with them.",
    tag,
    request: { query: versionQuery },
    responses: { 200: json(pageOf(pricingVersion), "A page of versions") },
    problems: ["not_found"],
  }),
  add: defineRoute("post", "/admin/pricing-versions", "Add prices that hold from a time on", {
    id: "addPricingVersion",
    tag,
    description: "Prices never change. A run keeps those that were in effect when it was opened.",
    request: { body: jsonBody(newPricingVersion) },
    responses: { 201: json(pricingVersion, "The version") },
    problems: ["not_found", "pricing_version_taken", "pricing_version_in_past"],
  }),
};

export function registerPricingRoutes(app: App, deps: Deps): void {
  app.openapi(routes.list, async (c) => {
    const { rows, hasMore } = await loadPricingVersions(deps.db, c.req.valid("query"));
    const last = rows.at(-1)?.version ?? null;
    return c.json({ data: rows.map(toPricingVersion), has_more: hasMore, last_id: last }, 200);
  });
  app.openapi(routes.add, async (c) => {
    const { version, effective_at: effectiveAt, prices } = c.req.valid("json");
    const added = await addPricingVersion(deps, c.var.user, {
      version,
      effectiveAt: effectiveAt === undefined ? null : new Date(effectiveAt),
      prices: prices.map((price) => ({
        alias: price.alias,
        multiplier: price.multiplier,
        inputUsdPerMillion: price.provider_input_usd_per_million ?? null,
        outputUsdPerMillion: price.provider_output_usd_per_million ?? null,
      })),
    });
    return c.json(toPricingVersion(added), 201);
  });
}
