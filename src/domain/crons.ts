/** When scheduled jobs run, as in wrangler.toml. */
export const crons = {
  /** Recovery of runs whose holders are gone. */
  everyMinute: "* * * * *",
  /** Deletion of old rows. */
  daily: "17 3 * * *",
} as const;
