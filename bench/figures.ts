/** Several measurements of one thing. */
export type Spread = { median: number; min: number; max: number; runs: number };

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return {
    median: (lower + upper) / 2,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    runs: sorted.length,
  };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Runs the measurements alternately (A B C, B C A, …), so that other load on the machine affects all of them.
 * Each returns its own figure.
 */
export async function interleave<Name extends string>(
  rounds: number,
  measures: Readonly<Record<Name, (round: number) => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const entries = Object.entries(measures) as [Name, (round: number) => Promise<number>][];
  const figures = Object.fromEntries(entries.map(([name]) => [name, []])) as unknown as Record<
    Name,
    number[]
  >;
  for (let round = 0; round < rounds; round += 1) {
    for (let offset = 0; offset < entries.length; offset += 1) {
      const entry = entries[(round + offset) % entries.length];
      if (entry) figures[entry[0]].push(await entry[1](round));
    }
  }
  return figures;
}
