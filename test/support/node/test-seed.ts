const seeds = 2 ** 31;

/** What a run leaves to chance begins with TEST_SEED; without it with another one each time. */
export function readTestSeed({ TEST_SEED: given }: NodeJS.ProcessEnv): number {
  if (!given) return Math.floor(Math.random() * seeds);
  if (!/^\d{1,10}$/.test(given) || Number(given) >= seeds) {
    throw new Error(`TEST_SEED must be a whole number below ${seeds}.`);
  }
  return Number(given);
}
