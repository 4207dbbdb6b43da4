/** The times of a turn, and its requests to the database while the client waited. */
export type TurnTimings = {
  openMs: number;
  modelMs: number;
  toolsMs: number;
  commitMs: number;
  totalMs: number;
  /** Requests to the database that the answer waited for. */
  databaseRoundTrips: number;
  /** Requests that overlapped model calls. */
  checkpointRoundTrips: number;
};

/** The times of a turn that was stored before this request. */
export const noTimings: TurnTimings = {
  openMs: 0,
  modelMs: 0,
  toolsMs: 0,
  commitMs: 0,
  totalMs: 0,
  databaseRoundTrips: 0,
  checkpointRoundTrips: 0,
};
