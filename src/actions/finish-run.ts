import { commitTurn, reportLateSpend } from "../db/commit-turn.ts";
import { buildLedger } from "../db/ledger-record.ts";
import type { OpenedClaim } from "../db/open-turn.ts";
import { buildTurnRecord, type TurnRecord } from "../db/turn-record.ts";
import type { StoredTurn } from "../db/turns.ts";
import type { Deps } from "../deps.ts";
import { turnConflictDetail } from "../domain/claim-verdict.ts";
import { PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { TurnContext } from "../domain/turn-context.ts";
import type { EmitTurnEvent } from "../domain/turn-events.ts";
import type { TurnOutcome } from "../domain/turn-outcome.ts";
import type { TurnPlan } from "../domain/turn-plan.ts";
import type { TurnTimings } from "../domain/turn-timings.ts";
import type { StepRows } from "../runtime/checkpoint/checkpoint-rows.ts";
import { addUnderWay } from "./add-under-way.ts";
import { type HeldRun, holdRun } from "./hold-run.ts";

/** What a run's record is made from, beside what came of it. */
export type ClaimedRun = {
  claim: OpenedClaim;
  /** The turn as it stood, where this run is a retry. */
  retried: StoredTurn | null;
  plan: TurnPlan;
  userId: string;
  openedAt: Date;
};

/** A run whose claim is ours and whose plan stands. */
export type OpenedRun = ClaimedRun & {
  context: TurnContext;
  log: Log;
  startedMs: number;
  /** When the open that took the claim was sent. */
  sentMs: number;
  openMs: number;
  roundTrips: number;
};

export type PostedTurn = { stored: StoredTurn; timings: TurnTimings; replayed: boolean };

/** A run that has begun: stored before under the same key, or claimed, planned and ready to go on. */
export type BegunRun =
  | { kind: "replay"; runId: string; turnId: string; posted: PostedTurn }
  | { kind: "run"; runId: string; turnId: string; finish: (emit: EmitTurnEvent) => Promise<PostedTurn> };

/**
 * Asks the agents and commits what came of it. Agents that fail are part of a stored turn. A run that was
 * taken over by another holder settles what past holders may have spent with its own commit.
 * @throws PantheonError `turn_conflict` where the claim was lost, `commit_failed` where nothing could be stored.
 */
export async function finishRun(deps: Deps, run: OpenedRun, emit: EmitTurnEvent): Promise<PostedTurn> {
  const { claim, plan, context, log } = run;
  const held = holdRun(deps, claim, run.sentMs, log);
  try {
    const { outcome, lastStep } = await deps.runTurn(
      { runId: claim.runId, plan, context, stored: claim.checkpoint },
      {
        holder: claim.holder,
        stop: held.lease.signal,
        mayCall: held.mayCall,
        onCall: (calls) => held.spent.push(...calls),
        storeStep: held.storeStep,
        emit,
        log,
      },
    );
    return await commitRun(deps, run, held, { outcome: addUnderWay(deps, run, outcome), lastStep });
  } catch (error) {
    throw await concludeLostRun(deps, run, held, error);
  } finally {
    held.lease.end();
  }
}

type Ran = { outcome: TurnOutcome; lastStep: StepRows };

async function commitRun(
  deps: Deps,
  run: OpenedRun,
  held: HeldRun,
  { outcome, lastStep }: Ran,
): Promise<PostedTurn> {
  const { claim, log } = run;
  const commitStartedMs = deps.nowMs();
  const record = recordRun(deps, run, { ...outcome, isDegraded: held.isDegraded() });
  const commitRoundTrips = await commitTurn(deps.db, record, {
    catalog: deps.catalog,
    lastStep,
    keepsCheckpoint: deps.limits.checkpointRetentionDays > 0,
  });
  const endedMs = deps.nowMs();
  const { id: turnId, status } = record.turn;
  log.info("turn_committed", { turn_id: turnId, run_id: claim.runId, status, calls: record.ledger.length });
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
      checkpointRoundTrips: held.requests(),
    },
  };
}

export function recordRun(deps: Deps, run: ClaimedRun, outcome: TurnOutcome): TurnRecord {
  const { claim, retried, openedAt, plan, userId } = run;
  return buildTurnRecord({
    ...{ claim, retried, plan, outcome, openedAt, finishedAt: deps.now() },
    ...{ userId, catalog: deps.catalog, newId: deps.newId },
  });
}

/** A holder that was replaced writes nothing into the turn, but what it spent goes on the books. */
async function concludeLostRun(deps: Deps, run: OpenedRun, held: HeldRun, error: unknown): Promise<unknown> {
  const { claim, log } = run;
  const isLost =
    held.lease.signal.aborted || (error instanceof PantheonError && error.code === "turn_conflict");
  const code = error instanceof PantheonError ? error.code : isLost ? "lease_lost" : "unknown";
  log.error("turn_not_committed", { run_id: claim.runId, code });
  if (!isLost) return error;
  const ledger = buildLedger(
    { claim, userId: run.userId, catalog: deps.catalog, finishedAt: deps.now() },
    held.spent,
  );
  await reportLateSpend(deps.db, { claim, ledger, createdAt: run.openedAt }, deps.catalog).catch(() => {
    log.error("late_spend_lost", { ledger_ids: ledger.map(({ id }) => id) });
  });
  if (error instanceof PantheonError) return error;
  return new PantheonError("turn_conflict", turnConflictDetail, {}, { cause: error });
}
