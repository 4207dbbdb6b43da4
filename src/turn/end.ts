import { type StoreResult, storeStep } from "../db/checkpoint/store-step.ts";
import { RequestTooLarge, ResponseTooLarge } from "../db/core/client.ts";
import { type CommittedTurn, commitTurn, isCommittedBy, releaseClaim } from "../db/turn/commit-turn.ts";
import { reportLateSpend } from "../db/turn/late-spend.ts";
import { buildLedger, listAttemptIds } from "../db/turn/ledger-record.ts";
import type { TurnRecord } from "../db/turn/turn-record.ts";
import type { Deps } from "../deps.ts";
import { internalErrorDetail, PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { StepRows } from "../domain/turn/checkpoint.ts";
import type { Claim } from "../domain/turn/claim.ts";
import { turnConflictDetail } from "../domain/turn/open-decision.ts";
import { withoutTexts } from "../domain/turn/textless-outcome.ts";
import type { TurnOutcome } from "../domain/turn/turn-outcome.ts";
import type { Holder } from "./holder.ts";
import {
  endings,
  type RefusedEndingName,
  type Run,
  type StoredEndingName,
  type UnfinishedEndingName,
} from "./run.ts";

export type TurnToStore = {
  outcome: TurnOutcome;
  toRecord: (outcome: TurnOutcome) => TurnRecord;
  lastStep: StepRows | null;
  log: Log;
  /** What is done where the record cannot be stored; returns only where it turns out to be. */
  onFailure: (cause: unknown) => Promise<CommittedTurn>;
};

/**
 * Ends a run with its turn: record, claim and checkpoint in one batch. A turn that the database takes no request of is
 * stored without its texts. Returns what was stored.
 * @throws PantheonError `turn_conflict` where another holder has the claim, `commit_failed` where it cannot be stored.
 */
export async function endStored(
  deps: Deps,
  ending: Exclude<StoredEndingName, "too_large">,
  { outcome, toRecord, lastStep, log, onFailure }: TurnToStore,
): Promise<CommittedTurn & { record: TurnRecord }> {
  const whole = toRecord(outcome);
  const committed = await commitAs(deps, ending, whole, lastStep).catch((cause: unknown) =>
    isTooLarge(cause) ? null : onFailure(cause),
  );
  if (committed !== null) return { ...committed, record: whole };
  log.error("turn_stored_without_texts", { turn_id: whole.turn.id, run_id: whole.run.id });
  const record = toRecord(withoutTexts(outcome));
  return { ...(await commitAs(deps, "too_large", record, null).catch(onFailure)), record };
}

function commitAs(
  deps: Deps,
  ending: StoredEndingName,
  record: TurnRecord,
  lastStep: StepRows | null,
): Promise<CommittedTurn> {
  const { checkpoint } = endings[ending];
  return commitTurn(deps.db, record, {
    catalog: deps.catalog,
    lastStep,
    keepsCheckpoint: checkpoint === "last" && deps.limits.checkpointRetentionDays > 0,
    log: deps.log,
  });
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RequestTooLarge || error instanceof ResponseTooLarge;
}

/** `refusalScales`: token scales that the session goes on with, by model alias. */
type Refusal = { refusal: PantheonError; refusalScales?: Readonly<Record<string, number>> };

/**
 * Ends a run of which nothing is stored: claim and checkpoints are deleted. All endings of this kind do the same,
 * as the type of their rows says. Returns what the client is told.
 */
export async function endRefused(
  deps: Deps,
  claim: Claim,
  _ending: RefusedEndingName,
  { refusal, refusalScales = {} }: Refusal,
): Promise<PantheonError> {
  await releaseClaim(deps.db, claim, refusalScales);
  return refusal;
}

/** Ends a run that was stopped: its client is gone, or its lease was not renewed. Returns what the client is told. */
export async function endStopped(
  deps: Deps,
  run: Run,
  holder: Holder,
  unstored: StepRows,
): Promise<PantheonError> {
  const ending = holder.lease.stopReason() ?? "lease_not_renewed";
  const result = await leaveClaim(deps, run, holder, { ending, unstored });
  return result === "lost"
    ? closeUnfinished(deps, run, holder, { ending: "lease_lost" })
    : closeUnfinished(deps, run, holder, { ending, isStored: result === "stored" });
}

/**
 * Ends a run whose commit failed. Its answers are stored by themselves, so that the same request goes on from
 * there at once and asks no model again. Returns only where this holder's commit turns out to be stored.
 * @throws PantheonError `turn_conflict` where another holder has the claim, else `commit_failed`.
 */
export async function endFailedCommit(
  deps: Deps,
  run: Run,
  holder: Holder,
  { unstored, cause }: { unstored: StepRows; cause: unknown },
): Promise<CommittedTurn> {
  if (cause instanceof PantheonError && cause.code === "turn_conflict") {
    throw await closeUnfinished(deps, run, holder, { ending: "lease_lost", cause });
  }
  const ending = "commit_failed";
  const result = await leaveClaim(deps, run, holder, { ending, unstored });
  if (result === "lost") {
    if (await isCommittedBy(deps.db, run.turn.claim)) return { ledger: null };
    throw await closeUnfinished(deps, run, holder, { ending: "lease_lost" });
  }
  if (result === "failed") deps.keepAlive(storeLater(deps, run, holder, unstored));
  throw await closeUnfinished(deps, run, holder, { ending, isStored: result === "stored", cause });
}

/** Ends a run whose code threw. Returns what the client is told. */
export function endCrashed(deps: Deps, run: Run, holder: Holder, cause: unknown): Promise<PantheonError> {
  return closeUnfinished(deps, run, holder, { ending: "crashed", cause });
}

/** What a holder leaves behind is worth a wait: a database that is away is often back in a moment. */
const patientPausesMs = [500, 2_000];

type LeftClaim = { ending: UnfinishedEndingName; unstored: StepRows; pausesMs?: readonly number[] };

/** The columns `claim` and `checkpoint` of an ending without a turn. */
async function leaveClaim(
  deps: Deps,
  { turn }: Run,
  { lease }: Holder,
  { ending, unstored, pausesMs = patientPausesMs }: LeftClaim,
): Promise<StoreResult> {
  if (endings[ending].claim === "leave") return "stored";
  // A renewal that came after it would make the lease longer again.
  await lease.end();
  return storeStep(deps.db, turn.claim, { rows: unstored, leaseMs: 0, pausesMs });
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
      log.warn("run_given_up", { run_id: runId, reason: ending, stored: isStored });
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

/** What this holder spent goes into the ledger, though it stores no turn. */
async function reportSpent(deps: Deps, { turn, request, openedAt }: Run, { spent }: Holder): Promise<void> {
  const { catalog } = deps;
  const { claim } = turn;
  const owner = { claim, userId: request.user.userId, catalog, finishedAt: deps.now() };
  const ledger = buildLedger(owner, spent);
  const reportedIds = listAttemptIds(claim.runId, spent);
  const late = { claim, ledger, reportedIds, pricing: claim.snapshot.pricing, createdAt: openedAt };
  await reportLateSpend(deps.db, late, catalog).catch(() => {
    request.log.error("late_spend_lost", { ledger_ids: ledger.map(({ id }) => id) });
  });
}

/** As long as a Worker lives on after its answer, with a margin: 30 s. */
const lastPausesMs = [1_000, 2_000, 4_000, 8_000, 8_000];

/**
 * The client already has its 503. Keep trying: answers that are in no checkpoint cannot even be estimated later.
 */
async function storeLater(deps: Deps, run: Run, holder: Holder, unstored: StepRows): Promise<void> {
  const { log } = run.request;
  const { claim } = run.turn;
  const left: LeftClaim = { ending: "commit_failed", unstored, pausesMs: lastPausesMs };
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
