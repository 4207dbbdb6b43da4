import type { Spread } from "../figures.ts";

/** One row of the table. `values` are the measurements behind its figure, for the JSON. */
export type Row = {
  measure: string;
  figure: string;
  spread: string;
  limit: string;
  result: "met" | "missed" | "";
  values: unknown;
};

type MeasuredFigure = {
  measure: string;
  value: number;
  unit?: string;
  limit: number;
  spread?: string;
  values?: unknown;
};

/** A figure that meets its limit when it is at most the limit. */
export function atMost({
  measure,
  value,
  unit = "",
  limit,
  spread = "",
  values = value,
}: MeasuredFigure): Row {
  const result = value <= limit ? "met" : "missed";
  return {
    measure,
    figure: withUnit(value, unit),
    spread,
    limit: `≤ ${withUnit(limit, unit)}`,
    result,
    values,
  };
}

/** A figure that meets its limit when it is at least the limit. */
export function atLeast({
  measure,
  value,
  unit = "",
  limit,
  spread = "",
  values = value,
}: MeasuredFigure): Row {
  const result = value >= limit ? "met" : "missed";
  return {
    measure,
    figure: withUnit(value, unit),
    spread,
    limit: `≥ ${withUnit(limit, unit)}`,
    result,
    values,
  };
}

/** A figure without a limit. */
export function plainFigure(measure: string, figure: string, spread: string, values: unknown): Row {
  return { measure, figure, spread, limit: "", result: "", values };
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
