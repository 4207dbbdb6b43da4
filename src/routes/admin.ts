import { changeBudget } from "../actions/change-budget.ts";
import { grantCredits } from "../actions/grant-credits.ts";
import { loadAdminEvents } from "../db/budgets/admin-events.ts";
import { loadUsage } from "../db/budgets/usage.ts";
import { loadWalletOf } from "../db/budgets/wallet.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { readRequiredKey } from "../http/idempotency-key.ts";
import { adminRoutes as routes } from "./admin-declarations.ts";
import { registerPricingRoutes } from "./admin-pricing.ts";
import { toAdminEvent, toBudget, toGrant, toWallet } from "./schemas/money.ts";
import { toPage } from "./schemas/page.ts";
import { toAdminUsageItem, toUsagePage, toUsageRequest } from "./schemas/usage.ts";

/** To be registered behind `requireOperator`. */
export function registerAdminRoutes(app: App, deps: Deps): void {
  const { db } = deps;
  app.openapi(routes.usage, async (c) => {
    const { limit, after, ...asked } = c.req.valid("query");
    const page = await loadUsage(db, { kind: "all" }, { ...toUsageRequest(asked), limit, after });
    return c.json(
      toUsagePage(page, (row) => toAdminUsageItem(asked.group_by, row)),
      200,
    );
  });
  app.openapi(routes.grant, async (c) => {
    const { amount, note = null } = c.req.valid("json");
    const idempotencyKey = readRequiredKey(c.req.header("Idempotency-Key"));
    const { user_id: userId } = c.req.valid("param");
    const result = await grantCredits(deps, c.var.user, { userId, amount, note, idempotencyKey });
    if (!result.isNew) c.header("Idempotency-Replayed", "true");
    return c.json(toGrant(result), 201);
  });
  app.openapi(routes.setBudget, async (c) => {
    const { period, limit_credits: limit } = c.req.valid("json");
    const target = { scope: "user", id: c.req.valid("param").user_id } as const;
    const row = await changeBudget(deps, c.var.user, { target, period, limit, as: "operator" });
    return c.json(toBudget(row), 200);
  });
  app.openapi(routes.wallet, async (c) => {
    return c.json(toWallet(await loadWalletOf(db, c.req.valid("param").user_id)), 200);
  });
  app.openapi(routes.events, async (c) => {
    return c.json(toPage(await loadAdminEvents(db, c.req.valid("query")), toAdminEvent), 200);
  });
  registerPricingRoutes(app, deps);
}
