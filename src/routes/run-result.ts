import type { RunResult } from "../http/ag-ui/ag-ui-events.ts";
import { toTokenUsage } from "../http/ag-ui/ag-ui-usage.ts";
import { toTimingRead } from "../http/server-timing.ts";
import type { TurnAnswer } from "../turn/run.ts";
import { toTurnRead } from "./schemas/turn.ts";

/** `usage` counts this run's calls; the turn's usage, with its other runs, is in `result`. */
export function toRunResult({ stored, timings }: TurnAnswer, runId: string): RunResult {
  const calls = stored.ledger.filter((row) => row.runId === runId);
  return { result: { ...toTurnRead(stored), timing: toTimingRead(timings) }, usage: toTokenUsage(calls) };
}
