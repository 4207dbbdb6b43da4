import fc from "fast-check";
import { checkCounters } from "../checks/money.ts";
import type { Scenario } from "../scenario.ts";
import { createBudgetModel } from "./budget-model.ts";
import { type BudgetStep, budgetStep, createBudgetUser } from "./budget-steps.ts";
import { createRoundLog } from "./round-log.ts";

const sequencesOfRound = 100;
/** Runs that are open at the end of a sequence are given up: what they hold goes back. */
const ends: readonly BudgetStep[] = [
  { kind: "abandon", session: 0 },
  { kind: "abandon", session: 1 },
];

/**
 * Random sequences of what changes budgets, against the database and against a model of it in memory. After each step every
 * budget has the same limit, spent and held amounts in both. The statements are those of the application.
 */
export const budgetSequences: Scenario = {
  name: "budget-sequences",
  rounds: { short: 0, long: 100 },
  lanes: 4,
  async runRound({ testbed, random }) {
    const roundLog = createRoundLog();
    const follow = async (steps: readonly BudgetStep[]): Promise<void> => {
      const user = await createBudgetUser(testbed);
      const model = createBudgetModel(user);
      for (const [index, step] of [...steps, ...ends].entries()) {
        const [happened, expected] = [await user.take(step), model.take(step)];
        roundLog.count(`${step.kind}: ${happened.split(" ")[0]}`);
        const [stored, computed] = [await user.read(), model.read()];
        const found = JSON.stringify([happened, stored]);
        const wanted = JSON.stringify([expected, computed]);
        if (found !== wanted) throw new Error(`step ${index}, ${step.kind}: ${found} instead of ${wanted}`);
      }
      roundLog.count("sequences");
    };
    const property = fc.asyncProperty(fc.array(budgetStep, { minLength: 4, maxLength: 16 }), follow);
    await fc.assert(property, { numRuns: sequencesOfRound, seed: random.between(0, 2 ** 31 - 1) });
    roundLog.violations.push(...(await checkCounters(testbed.sql)));
    return { what: "limits, spent and held", ...roundLog };
  },
};
