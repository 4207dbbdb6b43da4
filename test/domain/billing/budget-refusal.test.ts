import { describe, expect, test } from "vitest";
import { type FoundBudget, findBudgetRefusal } from "../../../src/domain/billing/budget-refusal.ts";

const needed = 5n;
const dead = (runId: string) => ({ sessionId: `session of ${runId}`, runId });
const budget = (found: Partial<FoundBudget>): FoundBudget => ({
  scope: "user",
  limitE8: 100n,
  spentE8: 0n,
  heldE8: 0n,
  resetsAt: null,
  abandonedRuns: [],
  ...found,
});
const codeOf = (...budgets: FoundBudget[]) => findBudgetRefusal(budgets, needed)?.error.code;

describe("a run is opened", () => {
  test("where every budget has what it needs left, to the last digit", () => {
    expect(codeOf(budget({ spentE8: 60n, heldE8: 35n }))).toBeUndefined();
    expect(codeOf(budget({ spentE8: 60n, heldE8: 36n }))).toBe("budget_in_use");
    expect(codeOf(budget({ spentE8: 95n }))).toBeUndefined();
    expect(codeOf(budget({ spentE8: 96n }))).toBe("budget_exhausted");
  });

  test("without a budget, or where none has a limit", () => {
    expect(codeOf()).toBeUndefined();
    expect(codeOf(budget({ limitE8: null, spentE8: 1_000n, heldE8: 1_000n }))).toBeUndefined();
  });
});

describe("a refusal", () => {
  test("says that nothing is left even where running turns hold the rest of another budget", () => {
    const refusal = findBudgetRefusal([budget({ heldE8: 99n }), budget({ spentE8: 100n })], needed);
    expect(refusal).toMatchObject({ error: { code: "budget_exhausted" }, abandonedRuns: [] });
  });

  test("names the budget that stays as it is for longest", () => {
    const day = budget({ scope: "session", spentE8: 100n, resetsAt: new Date("2026-02-02T00:00:00Z") });
    const month = budget({ scope: "room", spentE8: 101n, resetsAt: new Date("2026-03-01T00:00:00Z") });
    const membersOf = (...budgets: FoundBudget[]) => findBudgetRefusal(budgets, needed)?.error.extras.members;
    expect(membersOf(day, month)).toEqual({
      scope: "room",
      limit: "0.00000100",
      spent: "0.00000101",
      resets_at: "2026-03-01T00:00:00.000Z",
    });
    expect(membersOf(day, month, budget({ spentE8: 99n }))).toMatchObject({ scope: "user", resets_at: null });
  });

  test("never names a budget without a limit", () => {
    const unlimited = budget({
      scope: "session",
      limitE8: null,
      heldE8: 1_000n,
      abandonedRuns: [dead("other")],
    });
    const refusal = findBudgetRefusal(
      [unlimited, budget({ scope: "room", heldE8: 99n, abandonedRuns: [dead("one")] })],
      needed,
    );
    expect(refusal).toMatchObject({
      error: { code: "budget_in_use", extras: { members: { scope: "room" } } },
      abandonedRuns: [dead("one")],
    });
  });

  test("has at most three runs to settle", () => {
    const abandonedRuns = ["one", "two", "three"].map(dead);
    const refusal = findBudgetRefusal(
      [budget({ heldE8: 99n, abandonedRuns }), budget({ heldE8: 99n, abandonedRuns: [dead("four")] })],
      needed,
    );
    expect(refusal?.abandonedRuns).toEqual(abandonedRuns);
  });
});
