import { formatDecimal } from "../../../../src/domain/billing/pricing.ts";
import { type BudgetStep, type BudgetUserIds, minTurnUnits, stepScopes, unitE8 } from "./budget-steps.ts";

/** Amounts are in units of 0.0001 credits, what one token of output costs. */
type Budget = { limit: bigint | null; spent: bigint; held: Map<string, bigint> };
type Run = { id: string; granted: bigint; budgets: readonly string[] };

/** What every budget must be after a sequence of steps: plain arithmetic, and no database. */
export function createBudgetModel({ sessionIds }: BudgetUserIds) {
  const budgets = new Map<string, Budget>();
  const running = new Map<number, Run>();
  /** By session: runs that ended with an estimate that is not reported yet. */
  const estimated = new Map<number, Run[]>();
  const spentOf = new Map<string, bigint>();
  let runs = 0;

  const scopesOf = (session: number) => ["user", "room", `session ${session}`];
  const budgetsOf = (session: number) =>
    [...budgets.keys()].filter((name) => scopesOf(session).some((scope) => name.startsWith(`${scope}/`)));
  const heldOf = ({ held }: Budget) => [...held.values()].reduce((sum, amount) => sum + amount, 0n);

  const book = (session: number, run: Run, cost: bigint) => {
    for (const scope of scopesOf(session)) spentOf.set(scope, (spentOf.get(scope) ?? 0n) + cost);
    for (const name of budgetsOf(session)) {
      const budget = budgets.get(name);
      if (budget) budget.spent += cost;
    }
    for (const budget of budgets.values()) {
      const held = budget.held.get(run.id);
      if (held !== undefined && cost > 0n) budget.held.set(run.id, held > cost ? held - cost : 0n);
    }
  };
  const end = (session: number, run: Run) => {
    running.delete(session);
    for (const budget of budgets.values()) budget.held.delete(run.id);
  };
  const put = (scope: string, period: string, limit: (before: bigint | null) => bigint | null) => {
    const name = `${scope}/${period}`;
    const budget = budgets.get(name) ?? { limit: null, spent: spentOf.get(scope) ?? 0n, held: new Map() };
    budget.limit = limit(budget.limit);
    budgets.set(name, budget);
  };
  const open = (session: number, turn: bigint): string => {
    if (running.has(session)) return "busy";
    const found = budgetsOf(session).flatMap((name) => budgets.get(name) ?? []);
    const limited = found.flatMap(({ limit, ...budget }) => (limit === null ? [] : [{ ...budget, limit }]));
    const needed = turn < minTurnUnits ? turn : minTurnUnits;
    if (limited.some(({ limit, spent }) => limit - spent < needed)) return "budget_exhausted";
    const granted = limited
      .map((budget) => budget.limit - budget.spent - heldOf(budget))
      .reduce((least, left) => (left < least ? left : least), turn);
    if (granted < needed) return "budget_in_use";
    runs += 1;
    const run = { id: `run ${runs}`, granted, budgets: budgetsOf(session) };
    running.set(session, run);
    for (const budget of found) budget.held.set(run.id, granted);
    return `granted ${granted}`;
  };

  const take = (step: BudgetStep): string => {
    const session = "session" in step ? step.session : 0;
    const run = running.get(session);
    switch (step.kind) {
      case "open":
        return open(session, BigInt(step.units));
      case "grant":
        put("user", "ever", (before) => (before ?? 0n) + BigInt(step.units));
        return "done";
      case "limit":
        put(stepScopes[step.scope] ?? "room", step.period, () =>
          step.units === null ? null : BigInt(step.units),
        );
        return "done";
      case "late report": {
        const late = estimated.get(session)?.shift();
        if (late === undefined) return "nothing";
        book(session, late, BigInt(step.units));
        return "done";
      }
    }
    if (run === undefined) return "nothing";
    switch (step.kind) {
      case "lower":
        for (const name of run.budgets) {
          const held = budgets.get(name)?.held;
          const before = held?.get(run.id) ?? 0n;
          if (BigInt(step.units) < before) held?.set(run.id, BigInt(step.units));
        }
        return "done";
      case "report":
        book(session, run, BigInt(step.units));
        return "done";
      case "take over":
        return `granted ${run.granted}`;
      case "commit":
        book(session, run, BigInt(step.units));
        end(session, run);
        return "done";
      case "abandon":
        estimated.set(session, [...(estimated.get(session) ?? []), run]);
        end(session, run);
        return "done";
    }
  };

  return {
    take,
    /** Each budget as `scope/period limit spent held`, in order. */
    read: (): string[] =>
      [...budgets]
        .map(([name, budget]) =>
          [name, ...[budget.limit, budget.spent, heldOf(budget)].map((units) => decimal(units))].join(" "),
        )
        .toSorted(),
    sessions: sessionIds.length,
  };
}

function decimal(units: bigint | null): string {
  return units === null ? "null" : formatDecimal(units * unitE8, 8);
}
