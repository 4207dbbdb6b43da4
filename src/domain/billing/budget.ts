/** Periods of budgets begin in UTC. `ever` has one period. */
export const budgetPeriods = ["ever", "day", "month"] as const;
export type BudgetPeriod = (typeof budgetPeriods)[number];

export const budgetScopes = ["user", "room", "session"] as const;
export type BudgetScope = (typeof budgetScopes)[number];
