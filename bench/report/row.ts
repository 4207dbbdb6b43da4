import type { Spread } from "../figures.ts";

/** One line of the table. `values` is what it was worked out from, for the JSON. */
export type Row = {
  measure: string;
  figure: string;
  spread: string;
  bar: string;
  verdict: "met" | "missed" | "";
  values: unknown;
};

type Judged = {
  measure: string;
  value: number;
  unit?: string;
  bar: number;
  spread?: string;
  values?: unknown;
};

/** A figure that may be as large as its bar. */
export function atMost({ measure, value, unit = "", bar, spread = "", values = value }: Judged): Row {
  const verdict = value <= bar ? "met" : "missed";
  return { measure, figure: withUnit(value, unit), spread, bar: `≤ ${withUnit(bar, unit)}`, verdict, values };
}

/** A figure that may be as small as its bar. */
export function atLeast({ measure, value, unit = "", bar, spread = "", values = value }: Judged): Row {
  const verdict = value >= bar ? "met" : "missed";
  return { measure, figure: withUnit(value, unit), spread, bar: `≥ ${withUnit(bar, unit)}`, verdict, values };
}

/** A figure without a bar, beside those that have one. */
export function told(measure: string, figure: string, spread: string, values: unknown): Row {
  return { measure, figure, spread, bar: "", verdict: "", values };
}

export function formatSpread({ min, median, max, runs }: Spread, unit: string): string {
  return `${round(min)} / ${round(median)} / ${round(max)} ${unit}, n = ${runs}`;
}

export function withUnit(value: number, unit: string): string {
  if (unit === "×") return `${value.toFixed(2)} ×`;
  return unit === "" ? String(round(value)) : `${round(value)} ${unit}`;
}

export function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toFixed(1));
}
