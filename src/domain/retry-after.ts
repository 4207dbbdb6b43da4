/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3), seconds or a date, in ms.
 * @param nowMs The wall clock, which a date is compared with.
 * @returns null where there is none that can be read.
 */
export function readRetryAfterMs(headers: Headers, nowMs: number): number | null {
  const value = headers.get("Retry-After")?.trim() ?? "";
  const seconds = Number(value);
  if (value !== "" && Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
