import { loadTransactions } from "../db/budgets/transactions.ts";
import { loadWallet } from "../db/budgets/wallet.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";
import { pageOf, pageQuery } from "../http/schemas.ts";
import { toTransaction, toWallet, transaction, wallet } from "./schemas/money.ts";
import { toPage } from "./schemas/page.ts";

const tag = "money";

const routes = {
  wallet: defineRoute("get", "/wallet", "Read your wallet", {
    id: "getWallet",
    tag,
    description: "What operators granted you, and what is left of it.",
    responses: { 200: json(wallet, "The wallet; without one `balance` is null, and nothing limits you") },
  }),
  transactions: defineRoute("get", "/wallet/transactions", "List grants and what turns cost, newest first", {
    id: "listTransactions",
    tag,
    description: "What raised and lowered your credits. A run that cost nothing is left out.",
    request: { query: pageQuery },
    responses: { 200: json(pageOf(transaction), "A page of transactions") },
  }),
};

export function registerWalletRoutes(app: App, { db }: Deps): void {
  app.openapi(routes.wallet, async (c) => c.json(toWallet(await loadWallet(db, c.var.user.userId)), 200));
  app.openapi(routes.transactions, async (c) => {
    const page = await loadTransactions(db, c.var.user.userId, c.req.valid("query"));
    return c.json(toPage(page, toTransaction), 200);
  });
}
