import type { BudgetTarget } from "../db/budgets/budget-statements.ts";
import { type BudgetRow, setBudget } from "../db/budgets/budgets.ts";
import type { Deps } from "../deps.ts";
import type { BudgetPeriod } from "../domain/billing/budget.ts";
import { normalizeCredits } from "../domain/billing/pricing.ts";
import type { User } from "../domain/user.ts";

export type BudgetRequest = {
  target: BudgetTarget;
  period: BudgetPeriod;
  limit: string | null;
  /** `owner`: the target must be the user's own; `operator`: the act goes on record. */
  as: "owner" | "operator";
};

/** @throws PantheonError `not_found`, `budget_set_by_operator`. */
export function changeBudget(
  { db, newId, now }: Deps,
  user: User,
  { target, period, limit: asked, as }: BudgetRequest,
): Promise<BudgetRow> {
  const limit = asked === null ? null : normalizeCredits(asked);
  const event = {
    id: newId(),
    actor: user.userId,
    kind: "budget" as const,
    userId: target.scope === "user" ? target.id : null,
    details: { scope: target.scope, scope_id: target.id, period, limit_credits: limit },
    createdAt: now(),
  };
  return setBudget(db, {
    id: newId(),
    target,
    period,
    limit,
    ownerId: as === "owner" ? user.userId : null,
    event: as === "owner" ? null : event,
  });
}
