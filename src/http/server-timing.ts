import type { TurnTimings } from "../domain/turn/turn-timings.ts";

/** The `Server-Timing` header of a turn: durations in ms, counts of database round trips as `desc`. */
export function formatServerTiming(timings: TurnTimings): string {
  return [
    `open;dur=${timings.openMs}`,
    `model;dur=${timings.modelMs}`,
    `tools;dur=${timings.toolsMs}`,
    `commit;dur=${timings.commitMs}`,
    `total;dur=${timings.totalMs}`,
    `db;desc="${timings.databaseRoundTrips}"`,
    `checkpoints;desc="${timings.checkpointRoundTrips}"`,
  ].join(", ");
}

/** The same figures for a stream: its headers are sent before they are known. */
export function toTimingRead(timings: TurnTimings) {
  return {
    open_ms: timings.openMs,
    model_ms: timings.modelMs,
    tools_ms: timings.toolsMs,
    commit_ms: timings.commitMs,
    total_ms: timings.totalMs,
    database_round_trips: timings.databaseRoundTrips,
    checkpoint_round_trips: timings.checkpointRoundTrips,
  };
}
