import type { Spread } from "../figures.ts";

/** One row of the table. `values` are the measurements behind its figure, for the JSON. */
export type Row = {
  measure: string;
  figure: string;
  spread: string;
  bar: string;
  result: "met" | "missed" | "";
  values: unknown;
};

type MeasuredFigure = {
  measure: string;
  value: number;
  unit?: string;
  bar: number;
  spread?: string;
  values?: unknown;
};

/** A figure that meets its bar when it is at most the bar. */
export function atMost({ measure, value, unit = "", bar, spread = "", values = value }: MeasuredFigure): Row {
  const result = value <= bar ? "met" : "missed";
  return { measure, figure: withUnit(value, unit), spread, bar: `≤ ${withUnit(bar, unit)}`, result, values };
}

/** A figure that meets its bar when it is at least the bar. */
export function atLeast({
  measure,
  value,
  unit = "",
  bar,
  spread = "",
  values = value,
}: MeasuredFigure): Row {
  const result = value >= bar ? "met" : "missed";
  return { measure, figure: withUnit(value, unit), spread, bar: `≥ ${withUnit(bar, unit)}`, result, values };
}

/** A figure without a bar. */
export function plainFigure(measure: string, figure: string, spread: string, values: unknown): Row {
  return { measure, figure, spread, bar: "", result: "", values };
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
