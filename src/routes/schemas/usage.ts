import * as z from "zod";
import { noKey, type UsageRequest } from "../../db/budgets/usage.ts";
import type { Page } from "../../db/core/page.ts";
import {
  adminUsageGroups,
  isTimeZone,
  type UsageGroup,
  type UsageRow,
  usageGroups,
} from "../../domain/billing/usage-groups.ts";
import { isStorableText } from "../../domain/text/storable-text.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { pageQuery } from "../../http/schemas.ts";

const tokens = (which: string) => z.int().meta({ description: `Tokens: ${which}` });
const credits = z.string().meta({ description: "Exact decimal of credits" });

const amounts = () => ({
  calls: z.int().meta({
    description: "Model calls, without those of which it is not known whether they were made",
  }),
  input_tokens_fresh: tokens("input, not cached"),
  input_tokens_cached: tokens("input from the provider's cache"),
  output_tokens: tokens("output"),
  credits: credits.meta({ description: "Of models and tools" }),
  estimated_credits: credits.meta({ description: "Part of `credits`: of calls whose tokens are estimates" }),
  provider_cost_usd: z
    .string()
    .nullable()
    .meta({ description: "As far as providers state it; null: none does" }),
});

const key = z.string().nullable().optional().meta({ description: "In the field that `group_by` names" });

export const usageItem = lazily(() =>
  z
    .object({ ...Object.fromEntries(usageGroups.map((group) => [group, key])), ...amounts() })
    .meta({ id: "UsageGroup", description: "What one group spent" }),
);

export const adminUsageItem = lazily(() =>
  z
    .object({
      ...Object.fromEntries(adminUsageGroups.map((group) => [group, key])),
      ...amounts(),
      active_users: z.int().describe("Users who spent something in the group"),
      margin_usd: z.string().nullable().meta({
        description:
          "What the calls of known cost sold for, less that cost, US dollars; null: no cost is known",
      }),
    })
    .meta({ id: "AdminUsageGroup", description: "What one group of all users spent" }),
);

const day = z.iso.date();

function queryOf<const Groups extends readonly [UsageGroup, ...UsageGroup[]]>(groups: Groups) {
  return z.strictObject({
    from: day.optional().meta({ description: "The first day of the time zone; absent: no bound" }),
    to: day.optional().meta({ description: "The day after the last one; absent: no bound" }),
    group_by: z.enum(groups).default("day").describe("What a group is"),
    time_zone: z
      .string()
      .refine(isTimeZone, "must be the name of a time zone, as Europe/Berlin")
      .default("UTC")
      .meta({ description: "Whose days are meant" }),
  });
}

const paged = {
  limit: pageQuery.shape.limit,
  after: z
    .string()
    .min(1)
    .max(255)
    .refine(isStorableText, "must be the `last_id` of a page")
    .optional()
    .meta({ description: "`last_id` of the previous page" }),
};

/** Pricing versions are listed by name. */
export const versionQuery = z.strictObject(paged);

export const usageQuery = queryOf(usageGroups).extend(paged);
export const usageCsvQuery = queryOf(usageGroups);
export const adminUsageQuery = queryOf(adminUsageGroups).extend(paged);

type UsageQuery = Omit<z.output<typeof adminUsageQuery>, "limit" | "after">;

export function toUsageRequest({ from, to, group_by: groupBy, time_zone: timeZone }: UsageQuery) {
  return { from, to, groupBy, timeZone } satisfies Omit<UsageRequest, "limit">;
}

/** A page of groups. Its cursor is the key of the last one. */
export function toUsagePage<Item>(page: Page<UsageRow>, toItem: (row: UsageRow) => Item) {
  const last = page.rows.at(-1);
  return {
    data: page.rows.map(toItem),
    has_more: page.hasMore,
    last_id: last === undefined ? null : (last.key ?? noKey),
  };
}

export function toUsageItem(group: UsageGroup, row: UsageRow) {
  return {
    [group]: row.key,
    calls: row.calls,
    input_tokens_fresh: row.inputTokensFresh,
    input_tokens_cached: row.inputTokensCached,
    output_tokens: row.outputTokens,
    credits: row.credits,
    estimated_credits: row.estimatedCredits,
    provider_cost_usd: row.providerCostUsd,
  };
}

export function toAdminUsageItem(group: UsageGroup, row: UsageRow) {
  return { ...toUsageItem(group, row), active_users: row.activeUsers, margin_usd: row.marginUsd };
}

/** RFC 4180, with a line of names. A cell that a spreadsheet would run as a formula is written as text. */
export function toCsv(group: UsageGroup, rows: readonly UsageRow[]): string {
  const names = [group, ...Object.keys(amounts())];
  const lines = rows.map((row) => {
    const item: Record<string, unknown> = toUsageItem(group, row);
    return names.map((name) => toCell(item[name])).join(",");
  });
  return [names.join(","), ...lines, ""].join("\r\n");
}

function toCell(value: unknown): string {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = typeof value === "string" && /^[=+@\t\r]|^-(?!\d+(\.\d+)?$)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
