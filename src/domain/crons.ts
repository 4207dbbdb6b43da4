/** When scheduled jobs run, as wrangler.toml has it. */
export const crons = {
  /** Recovery of runs whose holders are gone. */
  everyMinute: "* * * * *",
  /** What keeps the database small. */
  daily: "17 3 * * *",
} as const;
