/** Days from the first to the day after the last, in the form of the API. */
export type Period = { from: string; to: string };

/** The last days, today included, by the clock of this machine. */
export function lastDays(count: number, today = new Date()): Period {
  return { from: dayOf(today, 1 - count), to: dayOf(today, 1) };
}

/** The month that is running. */
export function thisMonth(today = new Date()): Period {
  const first = new Date(today.getFullYear(), today.getMonth(), 1);
  return { from: dayOf(first, 0), to: dayOf(today, 1) };
}

/** The day after a day in the form of the API. */
export function nextDay(day: string): string {
  return dayOf(new Date(`${day}T12:00:00`), 1);
}

function dayOf(date: Date, later: number): string {
  const day = new Date(date.getFullYear(), date.getMonth(), date.getDate() + later);
  const pad = (part: number) => String(part).padStart(2, "0");
  return `${day.getFullYear()}-${pad(day.getMonth() + 1)}-${pad(day.getDate())}`;
}
