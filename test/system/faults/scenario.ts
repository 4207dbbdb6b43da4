import { checkMoneyAtRest } from "./checks/money.ts";
import { createRandom, type Random } from "./random.ts";
import { addRound, type Report, type RoundResult } from "./report.ts";
import type { Testbed } from "./testbed/testbed.ts";

export type Round = {
  testbed: Testbed;
  random: Random;
  /** Counts up from a number that the seed decides. Consecutive rounds cover all cases; a short run begins at any case. */
  index: number;
};

/** One kind of fault, in independent rounds. */
export type Scenario = {
  name: string;
  /** How many rounds a short run has, and a long one. */
  rounds: { short: number; long: number };
  /** How many rounds run at once. Default 1. */
  lanes?: number;
  /** A rejection counts as a violation: the round could not be run. */
  runRound(round: Round): Promise<RoundResult>;
};

export type Run = { seed: number; testbed: Testbed; report: Report; print: (line: string) => void };

const progressEveryMs = 15_000;
const slowRoundMs = 30_000;

/** Runs the rounds of a scenario, each with random choices of its own, and adds their results to the report. */
export async function runScenario(run: Run, scenario: Scenario, rounds: readonly number[]): Promise<void> {
  const { seed, testbed, report, print } = run;
  const waiting = [...rounds];
  const firstIndex = createRandom(seed, scenario.name).between(0, 9_999);
  let printedAtMs = Date.now();
  const runNext = async (): Promise<void> => {
    for (let round = waiting.shift(); round !== undefined; round = waiting.shift()) {
      const startedMs = Date.now();
      const random = createRandom(seed, `${scenario.name}/${round}`);
      const result = await scenario
        .runRound({ testbed, random, index: firstIndex + round })
        .catch(
          (error: unknown): RoundResult => ({ what: "broken", counts: {}, violations: [String(error)] }),
        );
      addRound(report, scenario.name, round, result, Date.now() - startedMs);
      if (Date.now() - startedMs > slowRoundMs) print(`${scenario.name} ${round} (${result.what}) was slow`);
      if (result.violations.length > 0) {
        print(`${scenario.name} ${round} (${result.what}): ${result.violations.join("; ")}`);
        for (const line of result.trace ?? []) print(`  ${line}`);
      }
      if (Date.now() - printedAtMs < progressEveryMs) continue;
      printedAtMs = Date.now();
      print(`${scenario.name}: ${rounds.length - waiting.length} of ${rounds.length}`);
    }
  };
  await Promise.all(Array.from({ length: scenario.lanes ?? 1 }, runNext));
}

/** Compares all counters of money with the ledger, once all scenarios are over. */
export async function reconcile(
  { sql }: Testbed,
  report: Report,
  print: (line: string) => void,
): Promise<void> {
  const { line, violations } = await checkMoneyAtRest(sql);
  print(line);
  if (violations.length > 0) {
    report.violations.push({ scenario: "reconciliation", round: 0, what: "at rest", violations });
  }
}
