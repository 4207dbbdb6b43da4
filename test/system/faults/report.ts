import { writeFileSync } from "node:fs";

/** The result of one round of a scenario. */
export type RoundResult = {
  /** What was tried, e.g. the step at which a kill hit. */
  what: string;
  /** What happened, counted. */
  counts: Readonly<Record<string, number>>;
  /** Broken promises. */
  violations: readonly string[];
  /** What explains them: the answers, and the last lines of the Worker's log. */
  trace?: readonly string[];
};

export type Violation = { scenario: string; round: number; what: string; violations: readonly string[] };

export type Report = {
  seed: number;
  database: "postgres" | "embedded";
  scenarios: Record<
    string,
    { rounds: number; durationMs: number; counts: Record<string, number>; tried: Record<string, number> }
  >;
  violations: Violation[];
};

export function createReport(seed: number, database: Report["database"]): Report {
  return { seed, database, scenarios: {}, violations: [] };
}

export function addRound(
  report: Report,
  scenario: string,
  round: number,
  result: RoundResult,
  durationMs: number,
): void {
  const sum = report.scenarios[scenario] ?? { rounds: 0, durationMs: 0, counts: {}, tried: {} };
  report.scenarios[scenario] = sum;
  sum.rounds += 1;
  sum.durationMs += durationMs;
  sum.tried[result.what] = (sum.tried[result.what] ?? 0) + 1;
  for (const [name, count] of Object.entries(result.counts))
    sum.counts[name] = (sum.counts[name] ?? 0) + count;
  if (result.violations.length === 0) return;
  report.violations.push({ scenario, round, what: result.what, violations: result.violations });
}

/** A table of all counts, and below it each violation with the command that repeats it. */
export function formatReport({ seed, database, scenarios, violations }: Report): string {
  const rows = Object.entries(scenarios).map(([name, { rounds, counts, durationMs }]) => [
    name,
    String(rounds),
    Object.entries(counts)
      .map(([what, count]) => `${count} ${what}`)
      .join(", "),
    String(violations.filter(({ scenario }) => scenario === name).length),
    `${(durationMs / 1_000).toFixed(0)} s`,
  ]);
  const header = ["scenario", "rounds", "what happened", "violations", "took"];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [
    `Faults, seed ${seed}, ${database}`,
    line(header),
    ...rows.map(line),
    ...violations.flatMap(({ scenario, round, what, violations: found }) => [
      `VIOLATION in ${scenario} (${what}); repeat it: npm run test:faults -- --seed ${seed} --only ${scenario} --round ${round}`,
      ...found.map((one) => `  ${one}`),
    ]),
    violations.length === 0
      ? "Nothing was lost, and nothing was done twice."
      : `${violations.length} rounds broke a promise.`,
  ].join("\n");
}

export function writeReport(file: string, report: Report): void {
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}
