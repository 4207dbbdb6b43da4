import * as z from "zod";
import type { AdminEvent } from "../../db/budgets/admin-events.ts";
import type { BudgetRow } from "../../db/budgets/budgets.ts";
import type { PricingVersion } from "../../db/budgets/pricing-versions.ts";
import type { Transaction } from "../../db/budgets/transactions.ts";
import type { GrantResult, Wallet } from "../../db/budgets/wallet.ts";
import { adminEventKinds } from "../../domain/billing/admin-event.ts";
import { type BudgetPeriod, budgetPeriods, budgetScopes } from "../../domain/billing/budget.ts";
import { isStorableText } from "../../domain/text/storable-text.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { creditAmount, id, instant, list, text } from "../../http/schemas.ts";
import { runHeaders } from "./turn-request.ts";

/** A signed decimal. */
const credits = z.string().meta({ description: "Exact decimal of credits", examples: ["2.50000000"] });

const toInstant = (milliseconds: string) => new Date(Number(milliseconds)).toISOString();

export const wallet = lazily(() =>
  z
    .object({
      balance: credits.nullable().meta({
        description:
          "What a new turn may be granted: `granted` less `spent` and `held`; null: there is no wallet",
      }),
      granted: credits.optional().describe("The sum of all grants, in credits"),
      spent: credits.optional().describe("All that the user ever spent, in credits"),
      held: credits.optional().meta({ description: "What running turns may still spend" }),
    })
    .meta({ id: "Wallet", description: "What operators granted a user, and what is left of it" }),
);

export function toWallet(row: Wallet | null): z.input<typeof wallet> {
  return row ?? { balance: null };
}

export const transaction = lazily(() =>
  z
    .object({
      id: id.describe("Of the grant or the run"),
      kind: z.enum(["grant", "turn"]).describe("`turn`: a run of a turn"),
      amount: credits.meta({ description: "Above 0: a grant; below: what a run cost" }),
      note: z.string().nullable().describe("What the operator wrote to a grant"),
      turn_id: id.nullable().describe("The turn of a run; null: a grant, or the turn is purged"),
      session_id: id.nullable().describe("The session of a run, likewise"),
      created_at: instant.describe("When the grant was made or the run opened"),
    })
    .meta({ id: "Transaction", description: "A grant, or what a run cost" }),
);

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

export const budget = lazily(() =>
  z
    .object({
      id: id.describe("The budget's id"),
      scope: z.enum(budgetScopes).describe("Whose budget it is"),
      scope_id: z.string().meta({ description: "The id of the user, room or session" }),
      period: z.enum(budgetPeriods).meta({ description: "In UTC; of `ever` there is one" }),
      limit_credits: credits.nullable().meta({ description: "null: no limit" }),
      spent: credits.meta({ description: "In the current period" }),
      held: credits.describe("What running turns may still spend, in credits"),
      resets_at: instant.nullable().meta({ description: "When the next period begins; null: never" }),
      set_by_operator: z
        .boolean()
        .describe("True: an operator set the limit, and its owner may only lower it"),
    })
    .meta({ id: "Budget", description: "A limit of spending in its current period" }),
);

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

const period = <const Periods extends readonly BudgetPeriod[]>(periods: Periods) =>
  z.enum(periods).describe("The period of the budget, in UTC");

export const newBudget = z.strictObject({ period: period(budgetPeriods), limit_credits: limit }).meta({
  id: "NewBudget",
  description: "The limit of a room or session",
  examples: [{ period: "day", limit_credits: "10" }],
});

/** A user's budget without a period is the wallet, which only grants change. */
export const newUserBudget = z.strictObject({ period: period(["day", "month"]), limit_credits: limit }).meta({
  id: "NewUserBudget",
  description: "The limit of a user",
  examples: [{ period: "day", limit_credits: "10" }],
});

export const budgetPeriod = z.strictObject({ period: period(budgetPeriods).default("ever") });

export const userParams = z.object({
  user_id: z
    .string()
    .min(1)
    .max(255)
    .refine(isStorableText, "must be storable")
    .describe("The `sub` of the user's tokens"),
});

export const newGrant = z
  .strictObject({
    amount: creditAmount
      .refine((amount) => Number(amount) <= 1_000_000, "must be at most 1000000")
      .describe("Credits, above 0 and at most 1,000,000"),
    note: text(500).optional().describe("What the grant is for; the user sees it"),
  })
  .meta({ id: "NewGrant", description: "Credits for a user", examples: [{ amount: "100" }] });

/** Required, but `readRequiredKey` says so with 400. */
export const grantHeaders = runHeaders;

export const grant = lazily(() =>
  z
    .object({
      id: id.describe("The grant's id"),
      amount: credits.describe("Exact decimal of credits"),
      note: z.string().nullable().describe("What the grant is for"),
      created_at: instant.describe("When it was made"),
      wallet: wallet.describe("The wallet now"),
    })
    .meta({ id: "Grant", description: "Credits that an operator gave" }),
);

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
  alias: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/)
    .describe("The alias of a model"),
  multiplier: z
    .string()
    .regex(/^(?!0+(\.0+)?$)\d{1,4}(\.\d{1,2})?$/, "must be a decimal above 0 with at most 2 places")
    .meta({ examples: ["1.00"], description: "Factor of the credits; below 0.5 it counts as 0.5" }),
  provider_input_usd_per_million: usd,
  provider_output_usd_per_million: usd,
});

export const newPricingVersion = z
  .strictObject({
    version: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 . _ -")
      .describe("Its name, 1 to 64 of A-Z a-z 0-9 . _ -"),
    effective_at: instant.optional().meta({ description: "Not in the past; absent: now" }),
    prices: list(modelPrice, 200)
      .refine(hasUniqueAliases, "must name each model once, and at least one")
      .meta({ description: "The models; one that is not named cannot be used within a budget" }),
  })
  .meta({
    id: "NewPricingVersion",
    description: "Prices that hold from a time on",
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

export const pricingVersion = lazily(() =>
  z
    .object({
      version: z.string().describe("Its name"),
      effective_at: instant.nullable().meta({ description: "null: a deployment's own version" }),
      created_by: z.string().nullable().describe("The operator; null: a deployment's own version"),
      prices: z
        .array(
          z.object({
            alias: z.string().describe("The alias of a model"),
            multiplier: z.string().describe("Factor of the credits"),
            provider_input_usd_per_million: z.string().nullable().describe("US dollars, for reports"),
            provider_output_usd_per_million: z.string().nullable().describe("US dollars, for reports"),
          }),
        )
        .describe("By alias"),
    })
    .meta({ id: "PricingVersion", description: "Prices that never change" }),
);

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

export const adminEvent = lazily(() =>
  z
    .object({
      id: id.describe("The event's id"),
      actor: z.string().meta({ description: "The operator" }),
      kind: z.enum(adminEventKinds).describe("What was done"),
      user_id: z.string().nullable().describe("The user whose money it is about; null: prices"),
      details: z.record(z.string(), z.unknown()).describe("What was set, by name"),
      created_at: instant.describe("When it was done"),
    })
    .meta({ id: "AdminEvent", description: "What an operator did" }),
);

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
