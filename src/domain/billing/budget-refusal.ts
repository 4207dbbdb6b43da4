import { PantheonError } from "../errors.ts";
import type { BudgetScope } from "./budget.ts";
import { formatDecimal } from "./pricing.ts";

/** A budget as it was when a run was to be opened. Amounts are 10⁻⁸ credits. */
export type FoundBudget = {
  scope: BudgetScope;
  /** Null: no limit. */
  limitE8: bigint | null;
  spentE8: bigint;
  /** What running turns may still spend of it. */
  heldE8: bigint;
  /** Null: never. */
  resetsAt: Date | null;
  /** Runs that hold something of it, and whose holders are gone. */
  deadRuns: readonly DeadRun[];
};

export type DeadRun = { sessionId: string; runId: string };

/** Why no run was opened. `deadRuns` give back what they hold once they are settled. */
export type BudgetRefusal = { error: PantheonError; deadRuns: readonly DeadRun[] };

/** When a caller may try again whose budget is held by running turns, s. */
const retryAfterSeconds = 5;

/** Null: every budget has at least `minE8` left. */
export function findBudgetRefusal(budgets: readonly FoundBudget[], minE8: bigint): BudgetRefusal | null {
  const leftOf = ({ limitE8, spentE8 }: FoundBudget) => (limitE8 === null ? minE8 : limitE8 - spentE8);
  const exhausted = budgets.find((budget) => leftOf(budget) < minE8);
  if (exhausted !== undefined) {
    const detail = `The ${exhausted.scope}'s credits are used up.`;
    return {
      error: new PantheonError("budget_exhausted", detail, { members: describe(exhausted) }),
      deadRuns: [],
    };
  }
  const held = budgets.filter((budget) => leftOf(budget) - budget.heldE8 < minE8);
  const [first] = held;
  if (first === undefined) return null;
  const error = new PantheonError("budget_in_use", "Running turns hold what is left of the credits.", {
    headers: { "Retry-After": String(retryAfterSeconds) },
    members: describe(first),
  });
  return { error, deadRuns: held.flatMap(({ deadRuns }) => deadRuns).slice(0, maxDeadRuns) };
}

/** How many are settled before the run is opened again. */
export const maxDeadRuns = 3;

function describe({ scope, limitE8, spentE8, resetsAt }: FoundBudget): Record<string, unknown> {
  return {
    scope,
    limit: formatDecimal(limitE8 ?? 0n, 8),
    spent: formatDecimal(spentE8, 8),
    resets_at: resetsAt?.toISOString() ?? null,
  };
}
