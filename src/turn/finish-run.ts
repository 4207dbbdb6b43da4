import { commitTurn } from "../db/turn/commit-turn.ts";
import type { LatestMessage } from "../db/turn/latest-messages.ts";
import type { OpenedClaim } from "../db/turn/open-turn.ts";
import type { StoredTurn } from "../db/turn/stored-turn.ts";
import { buildTurnRecord, type TurnRecord } from "../db/turn/turn-record.ts";
import type { Deps } from "../deps.ts";
import type { TurnContext } from "../domain/context/turn-context.ts";
import { PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { TurnPlan } from "../domain/plan/turn-plan.ts";
import type { EmitTurnEvent } from "../domain/turn/turn-events.ts";
import type { TurnOutcome } from "../domain/turn/turn-outcome.ts";
import type { TurnTimings } from "../domain/turn/turn-timings.ts";
import type { StepRows } from "../runtime/checkpoint/checkpoint-rows.ts";
import { addUnderWay } from "./add-under-way.ts";
import { type HeldRun, holdRun } from "./hold-run.ts";
import { outlastClient } from "./outlast-client.ts";
import { saveAnswers } from "./save-answers.ts";
import { stopRun } from "./stop-run.ts";

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

/** The session's conversation, for a reader who may have missed what was told of it before. One request. */
type Recall = () => Promise<LatestMessage[]>;

/** A run that has begun: stored before under the same key, or claimed, planned and ready to go on. */
export type BegunRun = { runId: string; turnId: string } & (
  | { kind: "replay"; recall: Recall; posted: PostedTurn }
  /** Nothing is there to recall of a run that is new. */
  | { kind: "run"; recall: Recall | null; finish: (client: RunClient) => Promise<PostedTurn> }
);

/** Who waits for a run: told of what happens, and how long it waits. */
export type RunClient = {
  emit: EmitTurnEvent;
  /** Aborts when nobody waits for the run any more; it then goes on for a while. */
  gone: AbortSignal;
};

/**
 * Asks the agents and commits what came of it. Agents that fail are part of a stored turn. A run that was
 * taken over by another holder settles what past holders may have spent with its own commit.
 * @throws PantheonError `turn_conflict` where the claim was lost, `commit_failed` where nothing could be stored,
 * `turn_in_progress` where nobody waited for it any more.
 */
export async function finishRun(deps: Deps, run: OpenedRun, client: RunClient): Promise<PostedTurn> {
  const { claim, plan, context, log } = run;
  const held = holdRun(deps, claim, run.sentMs, log);
  const endWatch = outlastClient(client.gone, deps.limits.clientGraceMs, held.lease.giveUp);
  try {
    const ran = await deps.runTurn(
      { runId: claim.runId, plan, context, stored: claim.checkpoint },
      {
        holder: claim.holder,
        stop: held.lease.signal,
        mayCall: held.mayCall,
        onCall: (calls) => held.spent.push(...calls),
        storeStep: held.storeStep,
        emit: client.emit,
        log,
      },
    );
    if (ran.kind === "stopped") throw await stopRun(deps, run, held, ran.unstored);
    return await commitRun(deps, run, held, {
      outcome: addUnderWay(deps, run, ran.outcome, context.dueSummary !== null),
      lastStep: ran.unstored,
    });
  } catch (error) {
    if (!(error instanceof PantheonError)) {
      log.error("turn_not_committed", { run_id: claim.runId, code: "internal_error" });
    }
    throw error;
  } finally {
    endWatch();
    void held.lease.end();
  }
}

type EndedRun = { outcome: TurnOutcome; lastStep: StepRows };

async function commitRun(
  deps: Deps,
  run: OpenedRun,
  held: HeldRun,
  { outcome, lastStep }: EndedRun,
): Promise<PostedTurn> {
  const { claim, log } = run;
  const commitStartedMs = deps.nowMs();
  const record = recordRun(deps, run, { ...outcome, isDegraded: held.isDegraded() });
  let roundTrips = run.roundTrips;
  const onRequest = () => {
    roundTrips += 1;
  };
  const committed = await commitTurn(deps.db, record, {
    ...{ catalog: deps.catalog, lastStep, onRequest },
    keepsCheckpoint: deps.limits.checkpointRetentionDays > 0,
  }).catch((error: unknown) => saveAnswers(deps, run, held, { lastStep, error, onRequest }));
  const endedMs = deps.nowMs();
  const { id: turnId, status } = record.turn;
  log.info("turn_committed", { turn_id: turnId, run_id: claim.runId, status, calls: record.ledger.length });
  return {
    stored: { ...record.stored, ledger: committed?.ledger ?? record.stored.ledger },
    replayed: false,
    timings: {
      openMs: run.openMs,
      modelMs: outcome.modelMs,
      toolsMs: outcome.toolsMs,
      commitMs: endedMs - commitStartedMs,
      totalMs: endedMs - run.startedMs,
      databaseRoundTrips: roundTrips,
      checkpointRoundTrips: held.requests(),
    },
  };
}

export function recordRun(deps: Deps, run: ClaimedRun, outcome: TurnOutcome): TurnRecord {
  const { claim, retried, openedAt, plan, userId } = run;
  return buildTurnRecord({
    ...{ claim, retried, plan, outcome, openedAt, finishedAt: deps.now() },
    ...{ userId, catalog: deps.catalog, newId: deps.newId },
    estimateTokens: deps.estimateTokens,
  });
}
