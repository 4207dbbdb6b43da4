import type { Client } from "./client.ts";
import type {
  AdminEvent,
  Budget,
  NewPricingVersion,
  Page,
  PricingVersion,
  UsageGroup,
  UsageRow,
  Wallet,
} from "./types.ts";

export type UsageQuery = { from: string; to: string; groupBy: UsageGroup };

const pageSize = 200;

/** The calls about wallets, budgets and usage, and those of operators. Each rejects with ApiError. */
export function createMoneyApi({ json, send }: Client) {
  const listUsage = async (path: string, { from, to, groupBy }: UsageQuery): Promise<UsageRow[]> => {
    const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const query = { from, to, group_by: groupBy, time_zone, limit: pageSize };
    const rows: UsageRow[] = [];
    let after: string | undefined;
    do {
      const page: Page<UsageRow> = await json("GET", path, { query: { ...query, after } });
      rows.push(...page.data);
      after = page.has_more ? (page.last_id ?? undefined) : undefined;
    } while (after !== undefined);
    return rows;
  };
  return {
    wallet: () => json<Wallet>("GET", "/wallet"),
    budgets: async () => (await json<Page<Budget>>("GET", "/budgets", { query: { limit: pageSize } })).data,
    usage: (query: UsageQuery) => listUsage("/usage", query),
    usageCsv: async ({ from, to, groupBy }: UsageQuery) => {
      const query = { from, to, group_by: groupBy };
      return (await send("GET", "/usage.csv", { query })).blob();
    },
    adminUsage: (query: UsageQuery) => listUsage("/admin/usage", query),
    /** Rejects with `not_found` where the person is no operator. */
    asOperator: () => json<Page<UsageRow>>("GET", "/admin/usage", { query: { limit: 1 } }),
    adminEvents: async () => (await json<Page<AdminEvent>>("GET", "/admin/events")).data,
    pricingVersions: async () => (await json<Page<PricingVersion>>("GET", "/admin/pricing-versions")).data,
    addPrices: (body: NewPricingVersion) => json<PricingVersion>("POST", "/admin/pricing-versions", { body }),
    userWallet: (userId: string) => json<Wallet>("GET", `/admin/users/${encodeURIComponent(userId)}/wallet`),
    grant: (userId: string, amount: string, note: string, key: string) =>
      json<{ wallet: Wallet }>("POST", `/admin/users/${encodeURIComponent(userId)}/grants`, {
        body: note === "" ? { amount } : { amount, note },
        headers: { "Idempotency-Key": key },
      }),
    limitUser: (userId: string, period: "day" | "month", limit: string | null) =>
      json<Budget>("PUT", `/admin/users/${encodeURIComponent(userId)}/budget`, {
        body: { period, limit_credits: limit },
      }),
  };
}
