import * as z from "zod";
import type { AdminEvent } from "../../db/budgets/admin-events.ts";
import type { BudgetRow } from "../../db/budgets/budgets.ts";
import type { PricingVersion } from "../../db/budgets/pricing-versions.ts";
import type { GrantResult, Transaction, Wallet } from "../../db/budgets/wallet.ts";
import { adminEventKinds } from "../../domain/billing/admin-event.ts";
import { budgetPeriods, budgetScopes } from "../../domain/billing/budget.ts";
import { creditAmount, id, instant, list, text } from "../../http/schemas.ts";

/** A signed decimal. */
const credits = z.string().meta({ description: "Exact decimal of credits", examples: ["2.50000000"] });

const toInstant = (milliseconds: string) => new Date(Number(milliseconds)).toISOString();

export const wallet = z
  .object({
    balance: credits.nullable().meta({
      description:
        "What a new turn may be granted: `granted` less `spent` and `held`; null: there is no wallet",
    }),
    granted: credits.optional(),
    spent: credits.optional(),
    held: credits.optional().meta({ description: "What running turns may still spend" }),
  })
  .meta({ id: "Wallet" });

export function toWallet(row: Wallet | null): z.input<typeof wallet> {
  return row ?? { balance: null };
}

export const transaction = z
  .object({
    id,
    kind: z.enum(["grant", "turn"]),
    amount: credits.meta({ description: "Above 0: a grant; below: what a run cost" }),
    note: z.string().nullable(),
    turn_id: id.nullable(),
    session_id: id.nullable(),
    created_at: instant,
  })
  .meta({ id: "Transaction" });

export function toTransaction(row: Transaction): z.input<typeof transaction> {
  return {
    id: row.id,
    kind: row.kind,
    amount: row.amount,
    note: row.note,
    turn_id: row.turnId,
    session_id: row.sessionId,
    created_at: toInstant(row.at),
  };
}

export const budget = z
  .object({
    id,
    scope: z.enum(budgetScopes),
    scope_id: z.string().meta({ description: "The id of the user, room or session" }),
    period: z.enum(budgetPeriods).meta({ description: "In UTC; of `ever` there is one" }),
    limit_credits: credits.nullable().meta({ description: "null: no limit" }),
    spent: credits.meta({ description: "In the current period" }),
    held: credits,
    resets_at: instant.nullable().meta({ description: "When the next period begins; null: never" }),
    set_by_operator: z.boolean(),
  })
  .meta({ id: "Budget" });

export function toBudget(row: BudgetRow): z.input<typeof budget> {
  return {
    id: row.id,
    scope: row.scope,
    scope_id: row.scopeId,
    period: row.period,
    limit_credits: row.limit,
    spent: row.spent,
    held: row.held,
    resets_at: row.resetsAt === null ? null : new Date(Number(row.resetsAt) * 1_000).toISOString(),
    set_by_operator: row.setByOperator,
  };
}

const limit = z
  .string()
  .regex(/^\d{1,7}(\.\d{1,8})?$/, "must be a decimal with at most 8 places")
  .nullable()
  .meta({ examples: ["10"], description: "null: no limit" });

export const newBudget = z
  .strictObject({ period: z.enum(budgetPeriods), limit_credits: limit })
  .meta({ id: "NewBudget", examples: [{ period: "day", limit_credits: "10" }] });

/** A user's budget without a period is the wallet, which only grants change. */
export const newUserBudget = z
  .strictObject({ period: z.enum(["day", "month"]), limit_credits: limit })
  .meta({ id: "NewUserBudget", examples: [{ period: "day", limit_credits: "10" }] });

export const budgetPeriod = z.strictObject({ period: z.enum(budgetPeriods).default("ever") });

export const userParams = z.object({ user_id: z.string().min(1).max(255) });

export const newGrant = z
  .strictObject({
    amount: creditAmount.refine((amount) => Number(amount) <= 1_000_000, "must be at most 1000000"),
    note: text(500).optional(),
  })
  .meta({ id: "NewGrant", examples: [{ amount: "100" }] });

export const grantHeaders = z.object({
  // Required, but `readRequiredKey` says so with 400.
  "Idempotency-Key": z
    .string()
    .optional()
    .meta({ description: "Required: 1 to 255 printable ASCII characters" }),
});

export const grant = z
  .object({ id, amount: credits, note: z.string().nullable(), created_at: instant, wallet })
  .meta({ id: "Grant" });

export function toGrant({ grant: row, wallet: raised }: GrantResult): z.input<typeof grant> {
  const { id: grantId, amount, note, createdAt } = row;
  return { id: grantId, amount, note, created_at: toInstant(createdAt), wallet: toWallet(raised) };
}

const usd = z
  .string()
  .regex(/^\d{1,6}(\.\d{1,6})?$/, "must be a decimal with at most 6 places")
  .optional()
  .meta({ description: "US dollars for a million tokens; only for reports" });

const modelPrice = z.strictObject({
  alias: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/),
  multiplier: z
    .string()
    .regex(/^(?!0+(\.0+)?$)\d{1,4}(\.\d{1,2})?$/, "must be a decimal above 0 with at most 2 places")
    .meta({ examples: ["1.00"] }),
  provider_input_usd_per_million: usd,
  provider_output_usd_per_million: usd,
});

export const newPricingVersion = z
  .strictObject({
    version: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 . _ -"),
    effective_at: instant.optional().meta({ description: "Not in the past; absent: now" }),
    prices: list(modelPrice, 200).refine(hasUniqueAliases, "must name each model once, and at least one"),
  })
  .meta({
    id: "NewPricingVersion",
    examples: [
      {
        version: "sample",
        effective_at: "2999-01-01T00:00:00Z",
        prices: [{ alias: "llama", multiplier: "1" }],
      },
    ],
  });

function hasUniqueAliases(prices: readonly { alias: string }[]): boolean {
  return prices.length > 0 && new Set(prices.map(({ alias }) => alias)).size === prices.length;
}

export const pricingVersion = z
  .object({
    version: z.string(),
    effective_at: instant.nullable().meta({ description: "null: a deployment's own version" }),
    created_by: z.string().nullable(),
    prices: z.array(
      z.object({
        alias: z.string(),
        multiplier: z.string(),
        provider_input_usd_per_million: z.string().nullable(),
        provider_output_usd_per_million: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: "PricingVersion" });

export function toPricingVersion(row: PricingVersion): z.input<typeof pricingVersion> {
  return {
    version: row.version,
    effective_at: row.effectiveAt === null ? null : toInstant(row.effectiveAt),
    created_by: row.createdBy,
    prices: row.prices.map(({ alias, multiplier, inputUsdPerMillion, outputUsdPerMillion }) => ({
      alias,
      multiplier,
      provider_input_usd_per_million: inputUsdPerMillion,
      provider_output_usd_per_million: outputUsdPerMillion,
    })),
  };
}

export const adminEvent = z
  .object({
    id,
    actor: z.string().meta({ description: "The operator" }),
    kind: z.enum(adminEventKinds),
    user_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
    created_at: instant,
  })
  .meta({ id: "AdminEvent" });

export function toAdminEvent(event: AdminEvent): z.input<typeof adminEvent> {
  return {
    id: event.id,
    actor: event.actor,
    kind: event.kind,
    user_id: event.userId,
    details: event.details,
    created_at: event.createdAt.toISOString(),
  };
}
