const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** How long ago, in one unit; a date where it is more than a week. */
export function formatAgo(instant: string, now = Date.now()): string {
  const minutes = (Date.parse(instant) - now) / 60_000;
  if (minutes > -1) return "just now";
  if (minutes > -60) return relative.format(Math.round(minutes), "minute");
  if (minutes > -24 * 60) return relative.format(Math.round(minutes / 60), "hour");
  if (minutes > -7 * 24 * 60) return relative.format(Math.round(minutes / 60 / 24), "day");
  return formatDay(instant);
}

export function formatDay(instant: string): string {
  return day.format(new Date(instant));
}

export function formatInstant(instant: string): string {
  return dayAndTime.format(new Date(instant));
}

/** A decimal amount of credits as the API gives it, with as many digits as say something. */
export function formatCredits(amount: string): string {
  const value = Number(amount);
  if (value === 0) return "0";
  if (Math.abs(value) < 0.0001) return "< 0.0001";
  return value.toLocaleString(undefined, { maximumSignificantDigits: 3, maximumFractionDigits: 4 });
}

export function formatSeconds(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  return `${(ms / 1_000).toLocaleString(undefined, { maximumFractionDigits: ms < 10_000 ? 1 : 0 })} s`;
}

export function formatCount(count: number): string {
  return count.toLocaleString();
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${Math.round(bytes / 1_024)} KiB`;
  return `${(bytes / 1_048_576).toLocaleString(undefined, { maximumFractionDigits: 1 })} MiB`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
