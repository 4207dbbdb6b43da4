import { createRandom, type Random } from "./random.ts";
import { addRound, type Report, type RoundResult } from "./report.ts";
import type { Testbed } from "./testbed/testbed.ts";

export type Round = {
  testbed: Testbed;
  random: Random;
  /** Counts up from a number of the seed's: rounds in a row go through all cases, a short run begins anywhere. */
  index: number;
};

/** One kind of fault, tried in rounds that stand alone. */
export type Scenario = {
  name: string;
  /** How many rounds make a short run, and a long one. */
  rounds: { short: number; long: number };
  /** Rounds under way at once. Default 1. */
  lanes?: number;
  /** Rejects where the round could not be played at all; that counts as a violation. */
  play(round: Round): Promise<RoundResult>;
};

export type Run = { seed: number; testbed: Testbed; report: Report; say: (line: string) => void };

const progressEveryMs = 15_000;
const slowRoundMs = 30_000;

/** Plays the rounds of a scenario, each from its own seeded chance, and adds what came of them to the report. */
export async function playScenario(run: Run, scenario: Scenario, rounds: readonly number[]): Promise<void> {
  const { seed, testbed, report, say } = run;
  const waiting = [...rounds];
  const firstIndex = createRandom(seed, scenario.name).between(0, 9_999);
  let saidAtMs = Date.now();
  const playNext = async (): Promise<void> => {
    for (let round = waiting.shift(); round !== undefined; round = waiting.shift()) {
      const startedMs = Date.now();
      const random = createRandom(seed, `${scenario.name}/${round}`);
      const result = await scenario
        .play({ testbed, random, index: firstIndex + round })
        .catch(
          (error: unknown): RoundResult => ({ what: "broken", counts: {}, violations: [String(error)] }),
        );
      addRound(report, scenario.name, round, result, Date.now() - startedMs);
      if (Date.now() - startedMs > slowRoundMs) say(`${scenario.name} ${round} (${result.what}) was slow`);
      if (result.violations.length > 0) {
        say(`${scenario.name} ${round} (${result.what}): ${result.violations.join("; ")}`);
        for (const line of result.trace ?? []) say(`  ${line}`);
      }
      if (Date.now() - saidAtMs < progressEveryMs) continue;
      saidAtMs = Date.now();
      say(`${scenario.name}: ${rounds.length - waiting.length} of ${rounds.length}`);
    }
  };
  await Promise.all(Array.from({ length: scenario.lanes ?? 1 }, playNext));
}
