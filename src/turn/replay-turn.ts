import { readTurn } from "../actions/read-turn.ts";
import { loadLatestMessages } from "../db/turn/latest-messages.ts";
import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import type { TurnTimings } from "../domain/turn/turn-timings.ts";
import type { RunRequest } from "./begin-run.ts";
import type { BegunRun } from "./finish-run.ts";

type ReplayTimes = { startedMs: number; openMs: number; roundTrips: number };

/** Answers a request that was answered before: the turn as it stands, no model called. */
export async function replayTurn(
  deps: Deps,
  request: RunRequest,
  stored: { runId: string; turnId: string },
  times: ReplayTimes,
): Promise<BegunRun> {
  const found = await readTurn(deps, request.user, request.sessionId, stored.turnId);
  if (found.kind !== "stored") throw new PantheonError("internal_error", "The stored turn cannot be read.");
  const timings: TurnTimings = {
    openMs: times.openMs,
    modelMs: 0,
    toolsMs: 0,
    commitMs: 0,
    totalMs: deps.nowMs() - times.startedMs,
    databaseRoundTrips: times.roundTrips + 1,
    checkpointRoundTrips: 0,
  };
  const recall = () => {
    timings.databaseRoundTrips += 1;
    return loadLatestMessages(deps.db, { sessionId: request.sessionId, userId: request.user.userId });
  };
  return { kind: "replay", ...stored, recall, posted: { stored: found.stored, replayed: true, timings } };
}
