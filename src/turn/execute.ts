import type { CountedDb } from "../db/core/client.ts";
import { buildTurnRecord, type TurnRecord } from "../db/turn/turn-record.ts";
import type { Deps } from "../deps.ts";
import { planWorstCaseE8 } from "../domain/billing/plan-worst-case.ts";
import { formatDecimal, parseDecimal } from "../domain/billing/pricing.ts";
import type { RunGrant } from "../domain/billing/run-grant.ts";
import { turnCancelled } from "../domain/turn/agent-failure.ts";
import type { CheckpointRows } from "../domain/turn/checkpoint.ts";
import type { EmitTurnEvent } from "../domain/turn/turn-events.ts";
import { measureStoredTurn, noUse } from "../domain/turn/turn-limiter.ts";
import type { TurnOutcome } from "../domain/turn/turn-outcome.ts";
import { endStored } from "./end.ts";
import { endCrashed, endFailedCommit, endStopped, reportLater } from "./end-unfinished.ts";
import { estimateInFlight } from "./estimates.ts";
import { type Holder, startHolder } from "./holder.ts";
import { type ExecutedEndingName, type Run, RunEnded, type TurnAnswer } from "./run.ts";

export type Execution = {
  /** Receives the run's events. */
  emit: EmitTurnEvent;
  /** Aborts if the run is cancelled. The holder aborts it, too, where a renewal finds that the run was cancelled. */
  cancel: AbortController;
  /** How many requests to the database the answer has waited for so far. */
  requests: CountedDb["requests"];
};

/**
 * Runs the agents and commits their answers. An agent that fails leaves a failed reply in the stored turn.
 * @throws PantheonError the answer of the ending, where the turn is not stored.
 */
export async function executeRun(deps: Deps, run: Run, execution: Execution): Promise<TurnAnswer> {
  const { cancel } = execution;
  const grant = grantOf(deps, run);
  const holder = startHolder(deps, run.turn.claim, {
    sentMs: run.sentMs,
    log: run.request.log,
    onCancelled: () => cancel.abort(turnCancelled),
    maxHold: findMaxHold(grant),
  });
  // The hand-over may have taken long. Where another holder has the claim by now, this renewal says so and the run ends.
  holder.lease.renewNow();
  try {
    const result = await runAgents(deps, run, { holder, grant, execution });
    if (result.kind === "stopped") throw await endStopped(deps, run, holder, result.unstored);
    const { stored, commitMs } = await commitRun(deps, run, holder, {
      ending: cancel.signal.aborted ? "cancelled" : "committed",
      outcome: { ...result.outcome, checkpointFailed: holder.checkpointFailed() },
      lastCheckpoint: result.unstored,
    });
    const { modelMs, toolsMs } = result.outcome;
    const totalMs = deps.nowMs() - run.startedMs;
    const waited = { databaseRoundTrips: execution.requests(), checkpointRoundTrips: holder.requests() };
    const timings = { openMs: run.openMs, modelMs, toolsMs, commitMs, totalMs, ...waited };
    return { stored, replayed: false, timings };
  } catch (error) {
    const ended = error instanceof RunEnded ? error : await endCrashed(deps, run, holder, error);
    throw ended.answer;
  } finally {
    void holder.lease.end();
  }
}

type AgentsRun = { holder: Holder; grant: RunGrant; execution: Execution };

/** Executes the graph of the run. What it does outside the graph is its holder's. */
function runAgents(
  deps: Deps,
  { turn, plan, context, request }: Run,
  { holder, grant, execution: { cancel, emit } }: AgentsRun,
) {
  const { claim, checkpoint, retried } = turn;
  const { sessionId, snapshot } = claim;
  return deps.runTurn(
    {
      runId: claim.runId,
      plan,
      context,
      identity: { userId: request.user.userId, roomId: snapshot.roomId, sessionId },
      stored: checkpoint,
      isRetry: retried !== null,
      grant,
      used: retried === null ? noUse : measureStoredTurn(retried),
    },
    {
      holder: claim.holder,
      stop: holder.lease.signal,
      cancel: cancel.signal,
      mayCall: holder.mayCall,
      onCall: (calls) => holder.spent.push(...calls),
      // Nothing is stored step by step after a cancel: the commit follows at once.
      storeCheckpoint: async (rows) => !cancel.signal.aborted && holder.storeCheckpoint(rows),
      emit,
      log: request.log,
    },
  );
}

function grantOf(deps: Deps, { turn: { claim }, plan, promptTokens }: Run): RunGrant {
  const { grantedCredits, snapshot, pastHolders } = claim;
  const planMaxE8 = planWorstCaseE8(plan, {
    claimed: snapshot.pricing,
    catalog: deps.catalog,
    limits: deps.settings.context,
    toolPrices: deps.settings.toolPrices,
    promptTokens,
  });
  return {
    amountE8: grantedCredits === null ? null : parseDecimal(grantedCredits, 8),
    planMaxE8,
    isBudgeted: snapshot.isBudgeted ?? false,
    pricing: snapshot.pricing,
    pastHolders: pastHolders.map(({ holder }) => holder),
    promptTokens,
  };
}

/** What the plan costs at most, where the run holds more of its budgets. Null: it does not, or has no budget. */
function findMaxHold({ amountE8, planMaxE8, isBudgeted }: RunGrant): string | null {
  return isBudgeted && amountE8 !== null && planMaxE8 < amountE8 ? formatDecimal(planMaxE8, 8) : null;
}

type Commit = { ending: ExecutedEndingName; outcome: TurnOutcome; lastCheckpoint: CheckpointRows };

async function commitRun(deps: Deps, run: Run, holder: Holder, { ending, outcome, lastCheckpoint }: Commit) {
  const startedMs = deps.nowMs();
  const { record, ledger, walletLeft } = await endStored(deps, ending, {
    outcome,
    toRecord: (storedOutcome) => recordRun(deps, run, storedOutcome),
    lastCheckpoint,
    log: run.request.log,
    onFailure: (cause) => endFailedCommit(deps, run, holder, { unstored: lastCheckpoint, cause }),
    reportCalls: () => deps.keepAlive(reportLater(deps, run, holder)),
  });
  const { id: turnId, status } = record.turn;
  run.request.log.info("turn_committed", {
    turn_id: turnId,
    status,
    calls: record.ledger.length,
  });
  return {
    stored: {
      ...record.stored,
      ledger: ledger ?? record.stored.ledger,
      credits: { granted: record.run.grantedCredits, walletLeft },
    },
    commitMs: deps.nowMs() - startedMs,
  };
}

/** The rows of the run, with estimates of calls that past holders had in flight. */
function recordRun(deps: Deps, run: Run, outcome: TurnOutcome): TurnRecord {
  const { turn, plan, context, request, notRead } = run;
  const { claim, retried, lastSeq } = turn;
  return buildTurnRecord({
    claim,
    retried,
    lastSeq,
    notRead,
    userId: request.user.userId,
    plan,
    outcome: estimateInFlight(deps, { claim, plan, outcome, maySummarise: context.dueSummary !== null }),
    catalog: deps.catalog,
    session: turn.session,
    estimateTokens: deps.estimateTokens,
    finishedAt: deps.now(),
    newId: deps.newId,
  });
}
