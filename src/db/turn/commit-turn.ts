import { and, eq, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { Catalog } from "../../domain/catalog.ts";
import type { CheckpointRows } from "../../domain/turn/checkpoint.ts";
import type { Claim } from "../../domain/turn/claim.ts";
import { deleteEarlierCheckpoints, deleteThread, insertCheckpointRows } from "../checkpoint/checkpoints.ts";
import { sizeOfRows } from "../checkpoint/split-rows.ts";
import { type Db, postgresFields, repeatIfLost } from "../core/client.ts";
import { prepareInsert } from "../core/prepared-insert.ts";
import {
  llmCallEvents,
  messages,
  rooms,
  sessionSummaries,
  sessions,
  toolCallEvents,
  turnContextAudit,
  turnRuns,
  turns,
} from "../schema.ts";
import { assertClaim, claimLost, endClaim } from "./claim-statements.ts";
import { isCommittedBy } from "./committed-by.ts";
import { deleteSurplusEstimates, joinLateSpend } from "./late-spend.ts";
import { recordPrices } from "./record-prices.ts";
import type { LedgerRow } from "./stored-turn.ts";
import type { TurnRecord } from "./turn-record.ts";
import { selectLedger } from "./turn-rows.ts";

const uniqueViolation = "23505";

const insertTurns = prepareInsert(turns);
const insertRuns = prepareInsert(turnRuns);
const insertMessages = prepareInsert(messages);
const insertAudits = prepareInsert(turnContextAudit);
const insertLedger = prepareInsert(llmCallEvents, "on conflict do nothing");
const insertToolEvents = prepareInsert(toolCallEvents);
const insertSummaries = prepareInsert(sessionSummaries);

export type CommitExtras = {
  catalog: Catalog;
  /** Rows of the run's checkpoints that are not stored yet, the last among them; null: there are none. */
  lastCheckpoint: CheckpointRows | null;
  /** False: nothing of the run's checkpoints stays. */
  keepsCheckpoint: boolean;
};

/** Another holder has the claim. */
export class ClaimLost extends Error {
  override readonly name = "ClaimLost";
}

/** The claim is this holder's, and a row exists already that the record has as well. Nothing was written. */
export class CommitRefused extends Error {
  override readonly name = "CommitRefused";
  /** What the rows share. */
  readonly constraint: string | undefined;

  constructor(constraint: string | undefined, options: ErrorOptions) {
    super("Another row has a key that the turn needs.", options);
    this.constraint = constraint;
  }
}

/** `ledger`: where the run had past holders, the turn's ledger with their late reports; null: as in the record. */
export type CommittedTurn = {
  ledger: LedgerRow[] | null;
  /** The balance of the payer's wallet; null: there is none, or the answer to the commit was lost. */
  walletLeft: string | null;
};

/** Of a commit whose answer was lost. */
export const storedEarlier: CommittedTurn = { ledger: null, walletLeft: null };

/**
 * Writes all rows of a turn and deletes its claim, in one batch. Beside it, late-spend.ts writes to the ledger,
 * claim-statements.ts keeps the scales of a refused run in its session, and purge.ts deletes. A commit whose answer was
 * lost is repeated; a run that this very holder has stored is a success.
 * @throws ClaimLost, CommitRefused.
 * @throws RequestTooLarge, ResponseTooLarge where the record is too large for the database.
 * @throws what else the database answers.
 */
export async function commitTurn(
  db: Db,
  record: TurnRecord,
  { catalog, lastCheckpoint, keepsCheckpoint }: CommitExtras,
): Promise<CommittedTurn> {
  const reconciled = reconcileLedger(db, record);
  try {
    const result = await repeatIfLost(db, () =>
      db.batch([
        assertClaim(record.claim),
        ...recordPrices(db, record.turn.createdAt, catalog, record.pricing),
        ...writeTurn(db, record),
        ...insertRuns([record.run]),
        // The room's row is locked before windows of budgets, which the ledger's triggers lock.
        ...consumePendingMode(db, record),
        ...changeExclusion(db, record),
        ...insertMessages(record.messages),
        ...insertAudits(record.audits),
        ...insertLedger(record.ledger),
        ...insertToolEvents(record.toolEvents),
        ...insertSummaries(record.summary === null ? [] : [record.summary]),
        ...changeSession(db, record),
        ...keepLastCheckpoint(record.claim.runId, lastCheckpoint, keepsCheckpoint),
        endClaim(record.claim, { title: record.title, at: record.run.createdAt }),
        ...reconciled,
      ]),
    );
    return {
      ledger: record.hasPastHolders ? toLedger(result.at(-1)) : null,
      walletLeft: toWalletLeft(result.at(-1 - reconciled.length)),
    };
  } catch (error) {
    await resolveCommitError(db, record.claim, error);
    return storedEarlier;
  }
}

/** Throws unless this holder has stored the run and only the answer of the database was lost. */
async function resolveCommitError(db: Db, claim: Claim, error: unknown): Promise<void> {
  const { code, constraint } = postgresFields(error);
  if (code !== claimLost && code !== uniqueViolation) throw error;
  if (await isCommittedBy(db, claim)) return;
  // The fence comes first in the batch: a later statement fails only while this holder has the claim.
  if (code === uniqueViolation) throw new CommitRefused(constraint, { cause: error });
  throw new ClaimLost("Another holder has the claim.", { cause: error });
}

/** A retry changes status and text of the turn's row. */
function writeTurn(db: Db, { run, turn }: TurnRecord): BatchItem<"pg">[] {
  if (run.kind === "turn") return insertTurns([turn]);
  return [db.update(turns).set(turn).where(eq(turns.id, turn.id))];
}

function changeSession(db: Db, { session, turn }: TurnRecord): BatchItem<"pg">[] {
  if (session === null) return [];
  return [db.update(sessions).set(session).where(eq(sessions.id, turn.sessionId))];
}

/** Updates the messages of a retried turn that are stored already. */
function changeExclusion(db: Db, { changesExclusion, turn, messages: added }: TurnRecord): BatchItem<"pg">[] {
  if (!changesExclusion) return [];
  const excluded = added[0]?.excluded ?? null;
  return [db.update(messages).set({ excluded }).where(eq(messages.turnId, turn.id))];
}

/** Joins late reports of other holders to the turn, and deletes the estimates that they replace. */
function reconcileLedger(
  db: Db,
  { claim, turn, estimatedIds, hasPastHolders }: TurnRecord,
): BatchItem<"pg">[] {
  if (!hasPastHolders) return [];
  return [
    joinLateSpend(db, claim.runId, turn.id),
    ...deleteSurplusEstimates(estimatedIds),
    selectLedger(db, sql`(${turn.id}::uuid)`),
  ];
}

/** Safe: the statement before `reconcileLedger` deletes the claim. Null: nothing was deleted. */
function toWalletLeft(answer: unknown): string | null {
  const { rows } = answer as { rows: readonly { walletLeft: string | null }[] };
  return rows[0]?.walletLeft ?? null;
}

/** Safe: `reconcileLedger` puts the statement that selects the ledger last in the batch. */
function toLedger(answer: unknown): LedgerRow[] {
  return answer as LedgerRow[];
}

/** The commit already contains the same texts twice. A checkpoint that is larger than this is not stored. */
const maxCheckpointBytes = 2 * 1_024 * 1_024;

/** Deletes all checkpoints of a finished run but the last one; that one too, where none is kept. */
function keepLastCheckpoint(
  runId: string,
  lastCheckpoint: CheckpointRows | null,
  keepsCheckpoint: boolean,
): BatchItem<"pg">[] {
  const isTooLarge = lastCheckpoint !== null && sizeOfRows(lastCheckpoint) > maxCheckpointBytes;
  if (!keepsCheckpoint || isTooLarge) return [deleteThread(runId)];
  return [
    ...(lastCheckpoint === null ? [] : insertCheckpointRows(lastCheckpoint)),
    deleteEarlierCheckpoints(runId),
  ];
}

/** Clears only the pending mode that this turn consumed: a newer change stays pending. */
function consumePendingMode(db: Db, { consumedMode, run }: TurnRecord): BatchItem<"pg">[] {
  if (consumedMode === null) return [];
  const { roomId, mode } = consumedMode;
  return [
    db
      .update(rooms)
      .set({ currentMode: mode, pendingMode: null, updatedAt: run.createdAt })
      .where(and(eq(rooms.id, roomId), eq(rooms.pendingMode, mode))),
  ];
}
