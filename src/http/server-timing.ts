import type { TurnTimings } from "../domain/turn-timings.ts";

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
