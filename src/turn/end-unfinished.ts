import { type StoreResult, storeCheckpoint } from "../db/checkpoint/store-checkpoint.ts";
import { ClaimLost, type CommittedTurn, storedEarlier } from "../db/turn/commit-turn.ts";
import { isCommittedBy } from "../db/turn/committed-by.ts";
import { reportLateSpend } from "../db/turn/late-spend.ts";
import { buildLedger, listAttemptIds } from "../db/turn/ledger-record.ts";
import type { Deps } from "../deps.ts";
import { commitFailedDetail, internalErrorDetail, PantheonError } from "../domain/errors.ts";
import type { CheckpointRows } from "../domain/turn/checkpoint.ts";
import { busySession, turnConflictDetail } from "../domain/turn/open-decision.ts";
import type { Holder } from "./holder.ts";
import { stopReason } from "./lease.ts";
import { type ExpiringEndingName, endings, type LeavingEndingName, type Run, RunEnded } from "./run.ts";

// Endings without a turn: this holder stops, and the run waits for recovery.

/** Ends a run that was stopped: its lease was not renewed. Returns what the client is answered. */
export async function endStopped(
  deps: Deps,
  run: Run,
  holder: Holder,
  unstored: CheckpointRows,
): Promise<RunEnded> {
  const result = await expireLease(deps, run, holder, { unstored });
  if (result === "lost") return closeUnfinished(deps, run, holder, { ending: "lease_lost" });
  return closeUnfinished(deps, run, holder, { ending: stopReason, result });
}

/**
 * Ends a run whose commit failed. Its answers are stored in checkpoints, so that the same request goes on from
 * there at once and calls no model again. Returns only where this holder's commit turns out to be stored.
 * @throws RunEnded.
 */
export async function endFailedCommit(
  deps: Deps,
  run: Run,
  holder: Holder,
  { unstored, cause }: { unstored: CheckpointRows; cause: unknown },
): Promise<CommittedTurn> {
  if (cause instanceof ClaimLost) {
    throw await closeUnfinished(deps, run, holder, { ending: "lease_lost", cause });
  }
  const result = await expireLease(deps, run, holder, { unstored });
  switch (result) {
    case "lost":
      if (await isKnownCommitted(deps, run)) return storedEarlier;
      throw await closeUnfinished(deps, run, holder, { ending: "lease_lost", cause });
    case "failed":
      deps.keepAlive(storeLater(deps, run, holder, unstored));
      throw answerUnfinished(run, { ending: "commit_failed", result, cause });
    case "stored":
    case "stored_in_part":
      throw await closeUnfinished(deps, run, holder, { ending: "commit_failed", result, cause });
  }
}

/** False also where the database does not answer. If the turn is stored after all, the same request replays it. */
function isKnownCommitted({ db }: Deps, { turn }: Run): Promise<boolean> {
  return isCommittedBy(db, turn.claim).catch(() => false);
}

/** Ends a run whose code threw. */
export function endCrashed(deps: Deps, run: Run, holder: Holder, cause: unknown): Promise<RunEnded> {
  return closeUnfinished(deps, run, holder, { ending: "crashed", cause });
}

/** Pauses between the tries of a holder's last write: a database that does not answer often does so a moment later. */
const lastWritePausesMs = [500, 2_000];

type LastWrite = { unstored: CheckpointRows; pausesMs?: readonly number[] };

/** Stores what is unstored and ends the lease: `expire` in `endings`. Never rejects. */
async function expireLease(
  { db }: Deps,
  { turn }: Run,
  { lease }: Holder,
  { unstored, pausesMs = lastWritePausesMs }: LastWrite,
): Promise<StoreResult> {
  // A renewal after this write would extend the lease again.
  await lease.end();
  return storeCheckpoint(db, turn.claim, { rows: unstored, leaseMs: 0, pausesMs });
}

type ClosedRun =
  /** `result`: of the last write. */
  | { ending: ExpiringEndingName; result: Exclude<StoreResult, "lost">; cause?: unknown }
  | { ending: Exclude<LeavingEndingName, "not_released">; cause?: unknown };

/** Reports the holder's calls, logs the ending, and makes its answer. */
async function closeUnfinished(deps: Deps, run: Run, holder: Holder, closed: ClosedRun): Promise<RunEnded> {
  if (!(await reportSpent(deps, run, holder))) deps.keepAlive(reportLater(deps, run, holder));
  return answerUnfinished(run, closed);
}

function answerUnfinished(run: Run, closed: ClosedRun): RunEnded {
  logUnfinished(run, closed);
  const { turnId } = run.turn.claim;
  const { answer } = endings[closed.ending];
  const options = { cause: closed.cause };
  switch (answer) {
    case "turn_conflict":
      return new RunEnded(busySession(answer, turnConflictDetail, { turnId, waitMs: 0 }, options));
    case "commit_failed":
      return new RunEnded(new PantheonError(answer, commitFailedDetail, {}, options));
    case "internal_error":
      return new RunEnded(new PantheonError(answer, internalErrorDetail, {}, options));
  }
}

function logUnfinished({ request: { log } }: Run, closed: ClosedRun): void {
  const { ending } = closed;
  switch (ending) {
    case "lease_not_renewed":
      log.warn("run_stopped", { reason: ending, stored: closed.result === "stored" });
      return;
    case "commit_failed":
      log.error("turn_not_committed", { code: ending, answers_stored: closed.result === "stored" });
      return;
    case "lease_lost":
    case "crashed":
      log.error("turn_not_committed", { code: ending });
      return;
    default:
      ending satisfies never;
  }
}

/** Writes this holder's calls to the ledger, though it stores no turn. False: they were not written. Never rejects. */
async function reportSpent(
  deps: Deps,
  run: Run,
  { spent }: Holder,
  pausesMs?: readonly number[],
): Promise<boolean> {
  const { catalog } = deps;
  const { claim } = run.turn;
  const ledger = buildSpentRows(deps, run, spent);
  const reportedIds = listAttemptIds(claim.runId, spent);
  const late = { claim, ledger, reportedIds, pricing: claim.snapshot.pricing, createdAt: claim.openedAt };
  return reportLateSpend(deps.db, late, { catalog, pausesMs }).then(
    () => true,
    () => false,
  );
}

function buildSpentRows({ catalog, now }: Deps, { turn, request }: Run, spent: Holder["spent"]) {
  const owner = { claim: turn.claim, userId: request.user.userId, catalog, finishedAt: now() };
  return buildLedger(owner, spent);
}

function logUnreported(deps: Deps, run: Run, { spent }: Holder): void {
  const ids = buildSpentRows(deps, run, spent).map(({ id }) => id);
  run.request.log.error("late_report_failed", { ledger_ids: ids });
}

/** Together a little less than the 30 s for which a Worker goes on after its answer. */
const afterAnswerPausesMs = [1_000, 2_000, 4_000, 8_000, 8_000];

/**
 * Stores the answers after the client has its 503. Answers that are in no checkpoint would be asked for and paid for again.
 */
async function storeLater(deps: Deps, run: Run, holder: Holder, unstored: CheckpointRows): Promise<void> {
  const result = await expireLease(deps, run, holder, { unstored, pausesMs: afterAnswerPausesMs });
  if (result === "failed") run.request.log.error("answers_lost");
  if (!(await reportSpent(deps, run, holder))) logUnreported(deps, run, holder);
}

/** Reports the holder's calls after the client has its answer. Recovery may come first: a report replaces its estimates. */
export async function reportLater(deps: Deps, run: Run, holder: Holder): Promise<void> {
  if (!(await reportSpent(deps, run, holder, afterAnswerPausesMs))) logUnreported(deps, run, holder);
}
