/** A provider may send anything. These functions read what they can, and never throw. */
export type WireRecord = Readonly<Record<string, unknown>>;

export function toRecord(value: unknown): WireRecord | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as WireRecord) : null;
}

/** The elements of a list; none where it is no list. */
export function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text or a number as a word without blanks around it; empty where it is neither. */
export function toWord(value: unknown): string {
  if (typeof value === "string") return value.trim();
  return typeof value === "number" && Number.isFinite(value) ? String(value) : "";
}

/** A number, or a text of digits; null where it is neither. */
export function toNumber(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || !/^\s*-?\d{1,20}(\.\d{1,20})?\s*$/.test(value)) return null;
  return Number(value);
}

/** The value of a JSON text; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value as JSON; null where it is nested too deep to be written. */
export function writeJson(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    return null;
  }
}
