import { RequestTooLarge, ResponseTooLarge } from "../db/core/client.ts";
import { CommitRefused, type CommittedTurn, commitTurn } from "../db/turn/commit-turn.ts";
import { type Release, releaseClaim } from "../db/turn/release-claim.ts";
import type { TurnRecord } from "../db/turn/turn-record.ts";
import type { Deps } from "../deps.ts";
import { formatDecimal, parseDecimal } from "../domain/billing/pricing.ts";
import { sumUsage } from "../domain/billing/usage-sum.ts";
import { commitFailedDetail, databaseUnavailableDetail, PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { CheckpointRows } from "../domain/turn/checkpoint.ts";
import type { Claim } from "../domain/turn/claim.ts";
import { toStoredProblem } from "../domain/turn/queued-turn.ts";
import { withoutTexts } from "../domain/turn/textless-outcome.ts";
import type { TurnOutcome } from "../domain/turn/turn-outcome.ts";
import { collectRefusedSpend, type RefusedRun } from "./estimates.ts";
import {
  type ExecutedEndingName,
  endings,
  type PlannedEndingName,
  RunEnded,
  type SettledEndingName,
  type StoredEndingName,
} from "./run.ts";

// Endings that delete the claim: the turn is stored, or refused.

export type TurnToStore = {
  outcome: TurnOutcome;
  toRecord: (outcome: TurnOutcome) => TurnRecord;
  lastCheckpoint: CheckpointRows | null;
  log: Log;
  /** Called where the commit failed and the claim is left. Returns only where the record turns out to be stored. */
  onFailure: (cause: unknown) => Promise<CommittedTurn>;
  /** Reports the calls of this holder. Called where the commit was refused and the claim could not be deleted. */
  reportCalls: () => void;
};

/**
 * Ends a run with its turn: record, claim and checkpoint in one batch. A turn that is too large for one request to the
 * database is stored without its texts. Returns what was stored.
 * @throws RunEnded where another row has a key that the turn needs.
 */
export async function endStored(
  deps: Deps,
  ending: ExecutedEndingName | SettledEndingName,
  turn: TurnToStore,
): Promise<CommittedTurn & { record: TurnRecord }> {
  const { outcome, toRecord, log } = turn;
  const whole = toRecord(outcome);
  const committed = await commitAs(deps, ending, whole, turn).catch((cause: unknown) => {
    if (isTooLarge(cause)) return null;
    throw cause;
  });
  if (committed !== null) {
    warnIfOverGrant(whole, log);
    return { ...committed, record: whole };
  }
  log.error("turn_stored_without_texts", { turn_id: whole.turn.id });
  const record = toRecord(withoutTexts(outcome));
  const storedInPart = await commitAs(deps, "too_large", record, { ...turn, lastCheckpoint: null });
  warnIfOverGrant(record, log);
  return { ...storedInPart, record };
}

/** A provider may count more tokens than were estimated. All that it bills is in the ledger. */
function warnIfOverGrant({ turn, run, ledger, toolEvents }: TurnRecord, log: Log): void {
  if (run.grantedCredits === null) return;
  const grantedE8 = parseDecimal(run.grantedCredits, 8);
  const ofTools = toolEvents.map(({ creditsCharged }) => parseDecimal(creditsCharged, 8));
  const spentE8 = ofTools.reduce((sum, credits) => sum + credits, sumUsage(ledger).creditsE8);
  if (spentE8 <= grantedE8) return;
  log.warn("grant_exceeded", {
    turn_id: turn.id,
    granted: run.grantedCredits,
    spent: formatDecimal(spentE8, 8),
  });
}

async function commitAs(
  deps: Deps,
  ending: StoredEndingName,
  record: TurnRecord,
  turn: TurnToStore,
): Promise<CommittedTurn> {
  const { lastCheckpoint, onFailure } = turn;
  const { checkpoint } = endings[ending];
  try {
    return await commitTurn(deps.db, record, {
      catalog: deps.catalog,
      lastCheckpoint,
      keepsCheckpoint: checkpoint === "last" && deps.settings.checkpointRetentionDays > 0,
    });
  } catch (error) {
    if (error instanceof CommitRefused) throw await endCommitRefused(deps, record, turn, error);
    if (isTooLarge(error) && ending !== "too_large") throw error;
    return onFailure(error);
  }
}

/** Ends a run whose turn needs a key that another row has. Its calls go into the ledger, and the session is free again. */
async function endCommitRefused(
  deps: Deps,
  record: TurnRecord,
  { log, reportCalls }: TurnToStore,
  cause: CommitRefused,
): Promise<RunEnded> {
  const { claim, turn, ledger, estimatedIds, pricing } = record;
  log.error("commit_refused", { turn_id: turn.id, constraint: cause.constraint });
  const { createdAt } = turn;
  const spend = { ledger, estimatedIds, pricing, catalog: deps.catalog, createdAt };
  const refusal = new PantheonError(endings.commit_refused.answer, commitFailedDetail, {}, { cause });
  const { answer, isReleased } = await releaseRun(
    deps,
    { claim, log },
    { spend, refusalScales: {} },
    refusal,
  );
  if (!isReleased) reportCalls();
  return new RunEnded(answer);
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RequestTooLarge || error instanceof ResponseTooLarge;
}

type EndedRun = RefusedRun & {
  /** Token scales that the session takes over, by model alias; absent: none. */
  refusalScales?: Readonly<Record<string, number>>;
  log: Log;
};

/**
 * Ends a run that planning refused: claim and checkpoints are deleted, and the ledger gets what past holders spent.
 * Returns what the client is answered.
 */
export async function endRefused(
  deps: Deps,
  ending: PlannedEndingName,
  { refusalScales = {}, log, ...run }: EndedRun,
  refusal: PantheonError,
): Promise<PantheonError> {
  const { ledger } = endings[ending];
  const spend = ledger === "none" ? null : await collectRefusedSpend(deps, run);
  const { answer } = await releaseRun(deps, { claim: run.claim, log }, { spend, refusalScales }, refusal);
  return answer;
}

/** Where the claim cannot be deleted, the ending is `not_released`. `answer`: what the client is answered. */
async function releaseRun(
  { db }: Deps,
  { claim, log }: { claim: Claim; log: Log },
  release: Omit<Release, "problem">,
  refusal: PantheonError,
): Promise<{ answer: PantheonError; isReleased: boolean }> {
  try {
    const problem = toStoredProblem(refusal);
    return { answer: refusal, isReleased: await releaseClaim(db, claim, { ...release, problem }) };
  } catch (cause) {
    log.error("claim_not_released", { code: refusal.code });
    const answer = new PantheonError(endings.not_released.answer, databaseUnavailableDetail, {}, { cause });
    return { answer, isReleased: false };
  }
}
