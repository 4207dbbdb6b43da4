import { type StoreResult, storeCheckpoint } from "../db/checkpoint/store-checkpoint.ts";
import { type CommittedTurn, storedEarlier } from "../db/turn/commit-turn.ts";
import { isCommittedBy } from "../db/turn/committed-by.ts";
import { reportLateSpend } from "../db/turn/late-spend.ts";
import { buildLedger, listAttemptIds } from "../db/turn/ledger-record.ts";
import type { Deps } from "../deps.ts";
import { internalErrorDetail, PantheonError } from "../domain/errors.ts";
import type { CheckpointRows } from "../domain/turn/checkpoint.ts";
import { turnConflictDetail } from "../domain/turn/open-decision.ts";
import type { Holder } from "./holder.ts";
import { endings, type Run, type UnfinishedEndingName } from "./run.ts";

// Endings without a turn: this holder stops, and the run waits for recovery.

/** Ends a run that was stopped: its client is gone, or its lease was not renewed. Returns what the client is answered. */
export async function endStopped(
  deps: Deps,
  run: Run,
  holder: Holder,
  unstored: CheckpointRows,
): Promise<PantheonError> {
  const ending = holder.lease.stopReason() ?? "lease_not_renewed";
  const result = await leaveClaim(deps, run, holder, { ending, unstored });
  return result === "lost"
    ? closeUnfinished(deps, run, holder, { ending: "lease_lost" })
    : closeUnfinished(deps, run, holder, { ending, isStored: result === "stored" });
}

/**
 * Ends a run whose commit failed. Its answers are stored in checkpoints, so that the same request goes on from
 * there at once and calls no model again. Returns only where this holder's commit turns out to be stored.
 * @throws PantheonError `turn_conflict` where another holder has the claim, else `commit_failed`.
 */
export async function endFailedCommit(
  deps: Deps,
  run: Run,
  holder: Holder,
  { unstored, cause }: { unstored: CheckpointRows; cause: unknown },
): Promise<CommittedTurn> {
  if (cause instanceof PantheonError && cause.code === "turn_conflict") {
    throw await closeUnfinished(deps, run, holder, { ending: "lease_lost", cause });
  }
  const ending = "commit_failed";
  const result = await leaveClaim(deps, run, holder, { ending, unstored });
  if (result === "lost") {
    if (await isCommittedBy(deps.db, run.turn.claim)) return storedEarlier;
    throw await closeUnfinished(deps, run, holder, { ending: "lease_lost" });
  }
  if (result === "failed") deps.keepAlive(storeLater(deps, run, holder, unstored));
  throw await closeUnfinished(deps, run, holder, { ending, isStored: result === "stored", cause });
}

/** Ends a run whose code threw. Returns what the client is answered. */
export function endCrashed(deps: Deps, run: Run, holder: Holder, cause: unknown): Promise<PantheonError> {
  return closeUnfinished(deps, run, holder, { ending: "crashed", cause });
}

/** The last write of a holder waits between its tries: a database that is away is often back in a moment. */
const lastWritePausesMs = [500, 2_000];

type LeftClaim = { ending: UnfinishedEndingName; unstored: CheckpointRows; pausesMs?: readonly number[] };

/** The columns `claim` and `checkpoint` of an ending without a turn. */
async function leaveClaim(
  deps: Deps,
  { turn }: Run,
  { lease }: Holder,
  { ending, unstored, pausesMs = lastWritePausesMs }: LeftClaim,
): Promise<StoreResult> {
  if (endings[ending].claim === "leave") return "stored";
  // A renewal after this write would extend the lease again.
  await lease.end();
  return storeCheckpoint(deps.db, turn.claim, { rows: unstored, leaseMs: 0, pausesMs });
}

type ClosedRun = { ending: UnfinishedEndingName; isStored?: boolean | undefined; cause?: unknown };

/** The columns `ledger` and `answer` of an ending without a turn, and its log event. */
async function closeUnfinished(
  deps: Deps,
  run: Run,
  holder: Holder,
  { ending, isStored, cause }: ClosedRun,
): Promise<PantheonError> {
  const { ledger, answer } = endings[ending];
  logUnfinished(run, { ending, isStored, cause });
  switch (ledger) {
    case "late_report":
      await reportSpent(deps, run, holder);
      break;
    case "by_recovery":
      break;
  }
  if (cause instanceof PantheonError && cause.code === answer) return cause;
  return new PantheonError(answer, answerDetails[answer], {}, { cause });
}

const answerDetails = {
  turn_in_progress: "The turn is not finished. The same request goes on with it.",
  turn_conflict: turnConflictDetail,
  commit_failed: "The turn could not be stored. Please retry.",
  internal_error: internalErrorDetail,
} as const satisfies Record<(typeof endings)[UnfinishedEndingName]["answer"], string>;

function logUnfinished({ request, turn }: Run, { ending, isStored, cause }: ClosedRun): void {
  const { log } = request;
  const runId = turn.claim.runId;
  switch (ending) {
    case "client_gone":
    case "lease_not_renewed":
      log.warn("run_stopped", { run_id: runId, reason: ending, stored: isStored });
      return;
    case "commit_failed":
      log.error("turn_not_committed", { run_id: runId, code: ending, answers_stored: isStored });
      return;
    case "lease_lost":
      log.error("turn_not_committed", {
        run_id: runId,
        code: cause instanceof PantheonError ? cause.code : ending,
      });
      return;
    case "crashed":
      log.error("turn_not_committed", { run_id: runId, code: endings.crashed.answer });
  }
}

/** Writes this holder's calls to the ledger, though it stores no turn. */
async function reportSpent(deps: Deps, { turn, request }: Run, { spent }: Holder): Promise<void> {
  const { catalog } = deps;
  const { claim } = turn;
  const owner = { claim, userId: request.user.userId, catalog, finishedAt: deps.now() };
  const ledger = buildLedger(owner, spent);
  const reportedIds = listAttemptIds(claim.runId, spent);
  const late = { claim, ledger, reportedIds, pricing: claim.snapshot.pricing, createdAt: claim.openedAt };
  await reportLateSpend(deps.db, late, catalog).catch(() => {
    request.log.error("late_report_failed", { ledger_ids: ledger.map(({ id }) => id) });
  });
}

/** Together as long as a Worker goes on after its answer (30 s), less a margin. */
const afterAnswerPausesMs = [1_000, 2_000, 4_000, 8_000, 8_000];

/**
 * The client already has its 503. Keep trying: answers that are in no checkpoint cannot even be estimated later.
 */
async function storeLater(deps: Deps, run: Run, holder: Holder, unstored: CheckpointRows): Promise<void> {
  const { log } = run.request;
  const { claim } = run.turn;
  const left: LeftClaim = { ending: "commit_failed", unstored, pausesMs: afterAnswerPausesMs };
  try {
    const result = await leaveClaim(deps, run, holder, left);
    if (result === "failed") log.error("answers_lost", { run_id: claim.runId });
    if (result !== "lost" || (await isCommittedBy(deps.db, claim))) return;
    await closeUnfinished(deps, run, holder, { ending: "lease_lost" });
  } catch (error) {
    log.error("answers_lost", {
      run_id: claim.runId,
      error: error instanceof Error ? error.name : "unknown",
    });
  }
}
