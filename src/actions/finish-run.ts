import { commitTurn, reportLateSpend } from "../db/commit-turn.ts";
import type { OpenedClaim } from "../db/open-turn.ts";
import { buildTurnRecord, type TurnRecord } from "../db/turn-record.ts";
import type { StoredTurn } from "../db/turns.ts";
import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { EmitTurnEvent } from "../domain/turn-events.ts";
import type { TurnTimings } from "../domain/turn-timings.ts";
import type { User } from "../domain/user.ts";
import type { PlannedRun } from "./plan-run.ts";

/** A run whose claim is ours and whose plan stands. */
export type OpenedRun = {
  claim: OpenedClaim;
  /** The turn as it stood, where this run is a retry. */
  retried: StoredTurn | null;
  planned: PlannedRun;
  user: User;
  log: Log;
  openedAt: Date;
  startedMs: number;
  openMs: number;
  roundTrips: number;
};

export type PostedTurn = { stored: StoredTurn; timings: TurnTimings; replayed: boolean };

/** A run that has begun: stored before under the same key, or claimed, planned and ready to go on. */
export type BegunRun =
  | { kind: "replay"; runId: string; turnId: string; posted: PostedTurn }
  | { kind: "run"; runId: string; turnId: string; finish: (emit: EmitTurnEvent) => Promise<PostedTurn> };

/**
 * Asks the agents and commits what came of it. Agents that fail are part of a stored turn.
 * @throws PantheonError `turn_conflict` where the claim was lost, `commit_failed` where nothing could be stored.
 */
export async function finishRun(deps: Deps, run: OpenedRun, emit: EmitTurnEvent): Promise<PostedTurn> {
  const { claim, retried, openedAt, planned } = run;
  const outcome = await deps.runTurn(planned, emit, run.log);
  const commitStartedMs = deps.nowMs();
  const record = buildTurnRecord({
    ...{ claim, retried, plan: planned.plan, outcome, openedAt, finishedAt: deps.now() },
    ...{ userId: run.user.userId, catalog: deps.catalog, newId: deps.newId },
  });
  const commitRoundTrips = await commitTurn(deps.db, record, deps.catalog).catch(async (error: unknown) => {
    await reportLostSpend(deps, run.log, error, record);
    throw error;
  });
  const endedMs = deps.nowMs();
  const { id: turnId, status } = record.turn;
  run.log.info("turn_committed", {
    turn_id: turnId,
    run_id: claim.runId,
    status,
    calls: record.ledger.length,
  });
  return {
    stored: record.stored,
    replayed: false,
    timings: {
      openMs: run.openMs,
      modelMs: outcome.modelMs,
      toolsMs: outcome.toolsMs,
      commitMs: endedMs - commitStartedMs,
      totalMs: endedMs - run.startedMs,
      databaseRoundTrips: run.roundTrips + commitRoundTrips,
      checkpointRoundTrips: 0,
    },
  };
}

/** A holder that was replaced writes nothing into the turn, but what it spent goes on the books. */
async function reportLostSpend(deps: Deps, log: Log, error: unknown, record: TurnRecord): Promise<void> {
  log.error("turn_not_committed", { code: error instanceof PantheonError ? error.code : "unknown" });
  if (!(error instanceof PantheonError) || error.code !== "turn_conflict") return;
  await reportLateSpend(deps.db, record, deps.catalog).catch(() => {
    log.error("late_spend_lost", { ledger_ids: record.ledger.map(({ id }) => id) });
  });
}
