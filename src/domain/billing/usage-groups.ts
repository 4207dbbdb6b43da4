/** What usage can be grouped by. Those of operators have users as well. */
export const usageGroups = ["day", "room", "session", "agent", "model", "turn"] as const;
export const adminUsageGroups = [...usageGroups, "user", "week", "month"] as const;
export type UsageGroup = (typeof adminUsageGroups)[number];

/** The usage of one group. Amounts are decimals, credits with eight places. */
export type UsageRow = {
  /** Null: the rows have none, as tools have no model. */
  key: string | null;
  calls: number;
  inputTokensFresh: number;
  inputTokensCached: number;
  outputTokens: number;
  /** Of models and tools. */
  credits: string;
  /** Part of `credits`: of calls whose tokens are estimates. */
  estimatedCredits: string;
  /** US dollars. Null: no provider stated a cost. */
  providerCostUsd: string | null;
  /** Users who spent something in the group. */
  activeUsers: number;
  /** US dollars: what the calls of known cost sold for, less that cost. Null: no cost is known. */
  marginUsd: string | null;
};

/** Whether a time zone is one that this Worker knows. Not an offset as `+05`, which Postgres reads with the other sign. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return /^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name);
  } catch {
    return false;
  }
}

/** Whether days of a time zone begin at whole hours of UTC, in winter and in summer. */
export function hasWholeHours(timeZone: string): boolean {
  const format = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  return ["2026-01-15T00:00:00Z", "2026-07-15T00:00:00Z"].every((at) => {
    const offset =
      format.formatToParts(new Date(at)).find(({ type }) => type === "timeZoneName")?.value ?? "";
    return offset === "GMT" || offset.endsWith(":00");
  });
}
