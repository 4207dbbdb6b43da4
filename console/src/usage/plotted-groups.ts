import type { UsageQuery } from "../api/money.ts";
import type { UsageRow } from "../api/types.ts";
import { formatDay } from "../parts/format.ts";
import { nextDay } from "./period.ts";

export type PlottedGroup = { label: string; credits: number };

/** More columns could not be distinguished. */
const maxGroups = 24;

/** The groups of a plot: each day of the period, also one without calls; else the groups that spent most. */
export function plottedGroups(
  rows: readonly UsageRow[],
  { groupBy, from, to }: UsageQuery,
  nameOf: (key: string) => string,
): PlottedGroup[] {
  if (groupBy === "day") {
    const creditsOf = new Map(rows.map((row) => [row.day, Number(row.credits)]));
    const days: PlottedGroup[] = [];
    for (let day = from; day < to; day = nextDay(day)) {
      days.push({ label: formatDay(`${day}T12:00:00`), credits: creditsOf.get(day) ?? 0 });
    }
    return days;
  }
  return rows
    .map((row) => ({ label: nameOf(row[groupBy] ?? ""), credits: Number(row.credits) }))
    .toSorted((left, right) => right.credits - left.credits)
    .slice(0, maxGroups);
}
