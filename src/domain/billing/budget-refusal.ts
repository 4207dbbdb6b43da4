import { PantheonError } from "../errors.ts";
import type { BudgetScope } from "./budget.ts";
import { formatDecimal, maxOf } from "./pricing.ts";

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
  abandonedRuns: readonly AbandonedRunIds[];
};

export type AbandonedRunIds = { sessionId: string; runId: string };

/** Why no run was opened. `abandonedRuns` hold nothing any more once they have ended. */
export type BudgetRefusal = { error: PantheonError; abandonedRuns: readonly AbandonedRunIds[] };

/** When a caller may try again whose budget is held by running turns, s. */
const retryAfterSeconds = 5;

/** Null: every budget has at least `minE8` left. Names the budget that keeps the caller waiting for longest. */
export function findBudgetRefusal(budgets: readonly FoundBudget[], minE8: bigint): BudgetRefusal | null {
  const limited = budgets.flatMap((budget) => {
    const { limitE8 } = budget;
    return limitE8 === null ? [] : [{ ...budget, limitE8, leftE8: limitE8 - budget.spentE8 }];
  });
  const [exhausted] = limited.filter(({ leftE8 }) => leftE8 < minE8).toSorted(lastToResetFirst);
  if (exhausted !== undefined) {
    const left = formatDecimal(maxOf(exhausted.leftE8, 0n), 8);
    const detail = `The credits of the ${exhausted.scope} do not pay for a turn: ${left} are left.`;
    return {
      error: new PantheonError("budget_exhausted", detail, { members: describe(exhausted) }),
      abandonedRuns: [],
    };
  }
  const held = limited.filter(({ leftE8, heldE8 }) => leftE8 - heldE8 < minE8);
  const [first] = held.toSorted(lastToResetFirst);
  if (first === undefined) return null;
  const error = new PantheonError("budget_in_use", "Running turns hold what is left of the credits.", {
    headers: { "Retry-After": String(retryAfterSeconds) },
    members: describe(first),
  });
  return {
    error,
    abandonedRuns: held.flatMap(({ abandonedRuns }) => abandonedRuns).slice(0, maxAbandonedRuns),
  };
}

function lastToResetFirst(left: FoundBudget, right: FoundBudget): number {
  const whenOf = ({ resetsAt }: FoundBudget) => resetsAt?.getTime() ?? Number.MAX_SAFE_INTEGER;
  return whenOf(right) - whenOf(left);
}

/** How many are recovered before the run is opened again. */
export const maxAbandonedRuns = 3;

function describe({
  scope,
  limitE8,
  spentE8,
  resetsAt,
}: FoundBudget & { limitE8: bigint }): Record<string, unknown> {
  return {
    scope,
    limit: formatDecimal(limitE8, 8),
    spent: formatDecimal(spentE8, 8),
    resets_at: resetsAt?.toISOString() ?? null,
  };
}
