import { meanOf, spreadOf } from "../figures.ts";
import { atMost, formatSpread, plainFigure, type Row } from "../report/row.ts";
import type { Comparison } from "./comparison.ts";

export function comparisonRows(comparison: Comparison): Row[] {
  return [...overheadRows(comparison), ...baselineRows(comparison), ...growthRows(comparison)];
}

function overheadRows({ times }: Comparison): Row[] {
  const [pantheon, floor] = [spreadOf(times.pantheonAt5), spreadOf(times.floor)];
  return [
    plainFigure(
      "turn of 3 agents in sequence, models at 0 ms: the floor",
      ms(floor.median),
      formatSpread(floor, "ms"),
      floor,
    ),
    plainFigure("the same: Pantheon, turn 5", ms(pantheon.median), formatSpread(pantheon, "ms"), pantheon),
    atMost({
      measure: "overhead of a turn against the floor",
      value: pantheon.median / floor.median,
      unit: "×",
      limit: 2,
      spread: ratioSpread(times.pantheonAt5, times.floor),
    }),
  ];
}

function baselineRows({ times }: Comparison): Row[] {
  const [early, late] = [spreadOf(times.baselineAt5), spreadOf(times.baselineAt200)];
  const against = (turn: string, pantheon: readonly number[], baseline: readonly number[], limit: number) =>
    atMost({
      measure: `against LangGraph with its Postgres checkpointer, ${turn}`,
      value: spreadOf(pantheon).median / spreadOf(baseline).median,
      unit: "×",
      limit,
      spread: ratioSpread(pantheon, baseline),
    });
  return [
    plainFigure(
      "LangGraph with its Postgres checkpointer, turn 5",
      ms(early.median),
      formatSpread(early, "ms"),
      early,
    ),
    against("turn 5", times.pantheonAt5, times.baselineAt5, 0.85),
    plainFigure(
      "LangGraph with its Postgres checkpointer, turn 200",
      ms(late.median),
      formatSpread(late, "ms"),
      late,
    ),
    against("turn 200", times.pantheonAt200, times.baselineAt200, 0.09),
  ];
}

function growthRows({ times, readBytes, keptCheckpoints }: Comparison): Row[] {
  const late = spreadOf(times.pantheonAt200);
  const timeAgainst = (turn: string, earlier: readonly number[]) =>
    atMost({
      measure: `growth: time of turn 200 against turn ${turn}`,
      value: late.median / spreadOf(earlier).median,
      unit: "×",
      limit: 1.1,
      spread: ratioSpread(times.pantheonAt200, earlier),
    });
  const read = { at50: meanOf(readBytes.at50), at200: meanOf(readBytes.at200) };
  const kept = {
    at5: spreadOf(keptCheckpoints.at5.map(({ bytes }) => bytes)),
    at50: spreadOf(keptCheckpoints.at50.map(({ bytes }) => bytes)),
    at200: spreadOf(keptCheckpoints.at200.map(({ bytes }) => bytes)),
  };
  return [
    plainFigure("Pantheon, turn 200", ms(late.median), formatSpread(late, "ms"), late),
    timeAgainst("5", times.pantheonAt5),
    timeAgainst("50", times.pantheonAt50),
    atMost({
      measure: "growth: bytes read, turn 200 against turn 50",
      value: read.at200 / read.at50,
      unit: "×",
      limit: 1.25,
      values: { ...read, readBytes },
      spread: `${kib(read.at50)} and ${kib(read.at200)}, means of whole summary cycles`,
    }),
    atMost({
      measure: "growth: checkpoint bytes kept, turn 200 against turn 5",
      unit: "×",
      limit: 1.15,
      value: kept.at200.median / kept.at5.median,
      spread: `${kib(kept.at5.median)}, at turn 50 ${kib(kept.at50.median)}, at turn 200 ${kib(kept.at200.median)}`,
    }),
    atMost({
      measure: "checkpoint bytes kept per finished turn",
      unit: "KiB",
      limit: 8,
      value: Math.max(kept.at5.max, kept.at50.max, kept.at200.max) / 1_024,
      spread: "the most of all measured turns",
      values: kept,
    }),
  ];
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function kib(bytes: number): string {
  return `${(bytes / 1_024).toFixed(1)} KiB`;
}

/** Quotients of what was measured side by side, round by round. */
function ratioSpread(over: readonly number[], under: readonly number[]): string {
  const ratios = over.map((value, round) => value / (under[round] ?? Number.NaN));
  const { min, median, max, runs } = spreadOf(ratios);
  const shown = [min, median, max].map((value) => value.toFixed(2)).join(" / ");
  return `${shown} × round by round, n = ${runs}`;
}
