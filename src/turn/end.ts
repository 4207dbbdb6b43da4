import { RequestTooLarge, ResponseTooLarge } from "../db/core/client.ts";
import { type CommittedTurn, commitTurn } from "../db/turn/commit-turn.ts";
import { releaseClaim } from "../db/turn/release-claim.ts";
import type { TurnRecord } from "../db/turn/turn-record.ts";
import type { Deps } from "../deps.ts";
import type { PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { CheckpointRows } from "../domain/turn/checkpoint.ts";
import { withoutTexts } from "../domain/turn/textless-outcome.ts";
import type { TurnOutcome } from "../domain/turn/turn-outcome.ts";
import { collectRefusedSpend, type RefusedRun } from "./estimates.ts";
import { endings, type RefusedEndingName, type StoredEndingName } from "./run.ts";

// Endings that delete the claim: the turn is stored, or refused.

export type TurnToStore = {
  outcome: TurnOutcome;
  toRecord: (outcome: TurnOutcome) => TurnRecord;
  lastStep: CheckpointRows | null;
  log: Log;
  /** Called where the commit failed. Returns only where the record turns out to be stored. */
  onFailure: (cause: unknown) => Promise<CommittedTurn>;
};

/**
 * Ends a run with its turn: record, claim and checkpoint in one batch. A turn that is too large for one request to the
 * database is stored without its texts. Returns what was stored.
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
  lastStep: CheckpointRows | null,
): Promise<CommittedTurn> {
  const { checkpoint } = endings[ending];
  return commitTurn(deps.db, record, {
    catalog: deps.catalog,
    lastStep,
    keepsCheckpoint: checkpoint === "last" && deps.settings.checkpointRetentionDays > 0,
    log: deps.log,
  });
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RequestTooLarge || error instanceof ResponseTooLarge;
}

type EndedRun = RefusedRun & {
  /** Token scales that the session takes over, by model alias; absent: none. */
  refusalScales?: Readonly<Record<string, number>>;
};

/**
 * Ends a run of which no turn is stored: claim and checkpoints are deleted, and the ledger gets what past holders spent.
 * Returns what the client is answered.
 */
export async function endRefused(
  deps: Deps,
  ending: RefusedEndingName,
  { refusalScales = {}, ...run }: EndedRun,
  refusal: PantheonError,
): Promise<PantheonError> {
  const { ledger } = endings[ending];
  switch (ledger) {
    case "none":
      await releaseClaim(deps.db, run.claim, { spend: null, refusalScales });
      return refusal;
    case "with_estimates": {
      const spend = await collectRefusedSpend(deps, run);
      await releaseClaim(deps.db, run.claim, { spend, refusalScales });
      return refusal;
    }
  }
}
