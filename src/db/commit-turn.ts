import { and, eq, isNull, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Catalog } from "../domain/catalog.ts";
import { turnConflictDetail } from "../domain/claim-verdict.ts";
import { PantheonError } from "../domain/errors.ts";
import { formatDecimal } from "../domain/pricing.ts";
import { deleteEarlierSteps, deleteThread, insertStep, type StepRows } from "./checkpoints.ts";
import { assertClaim, type ClaimHold, claimLost, deleteClaim, lockSession } from "./claim-statements.ts";
import { type Db, postgresFields, repeatLost } from "./client.ts";
import type { LedgerRow } from "./ledger-record.ts";
import {
  llmCallEvents,
  messages,
  modelPrices,
  pricingVersions,
  rooms,
  sessionSummaries,
  sessions,
  toolCallEvents,
  turnContextAudit,
  turnRuns,
  turns,
} from "./schema.ts";
import type { TurnRecord } from "./turn-record.ts";

const uniqueViolation = "23505";

export type CommitExtras = {
  catalog: Catalog;
  /** Rows of the run's checkpoints that are not stored yet, the last among them; null: there are none. */
  lastStep: StepRows | null;
  /** False: nothing of the run's checkpoints stays. */
  keepsCheckpoint: boolean;
};

/**
 * Writes everything a turn leaves behind, and gives its claim back, in one batch; nothing else writes these
 * tables. Repeated after a lost answer: a run found stored by our own holder is a success.
 * @returns the round trips it took.
 * @throws PantheonError `turn_conflict` where the claim was lost, `commit_failed` where it cannot be stored.
 */
export async function commitTurn(
  db: Db,
  record: TurnRecord,
  { catalog, lastStep, keepsCheckpoint }: CommitExtras,
): Promise<number> {
  let roundTrips = 0;
  try {
    await repeatLost(() => {
      roundTrips += 1;
      return db.batch([
        lockSession(db, record.claim.sessionId),
        assertClaim(db, record.claim),
        ...recordPrices(db, record.turn.createdAt, catalog),
        writeTurn(db, record),
        db.insert(turnRuns).values(record.run),
        ...insertMessages(db, record),
        ...insertAudits(db, record),
        ...insertLedger(db, record.ledger),
        ...insertToolEvents(db, record),
        ...insertSummary(db, record),
        ...consumePendingMode(db, record),
        ...joinLateSpend(db, record),
        ...concludeCheckpoints(db, record.claim.runId, lastStep, keepsCheckpoint),
        deleteClaim(db, record.claim),
      ]);
    });
    return roundTrips;
  } catch (error) {
    return roundTrips + (await judgeFailedCommit(db, record.claim, error));
  }
}

/**
 * Gives back a claim whose turn was refused after it was taken. Nothing of the turn is stored.
 * @throws what Postgres refuses; a claim that is no longer ours is left alone.
 */
export async function releaseClaim(db: Db, claim: ClaimHold): Promise<void> {
  await repeatLost(() => db.batch([lockSession(db, claim.sessionId), deleteClaim(db, claim)]));
}

export type LateSpend = { claim: ClaimHold; ledger: readonly LedgerRow[]; createdAt: Date };

/** The one thing a holder that lost its claim still writes: what it spent. */
export async function reportLateSpend(db: Db, late: LateSpend, catalog: Catalog): Promise<void> {
  const { claim, ledger, createdAt } = late;
  if (ledger.length === 0) return;
  const ifThere = (table: PgTable, id: string | null) =>
    sql`(select x.id from ${table} x where x.id = ${id}::uuid)`;
  const rows = ledger.map((row) => ({
    ...row,
    roomId: ifThere(rooms, row.roomId),
    sessionId: ifThere(sessions, row.sessionId),
    turnId: ifThere(turns, row.turnId),
  }));
  await repeatLost(() =>
    db.batch([
      lockSession(db, claim.sessionId),
      ...recordPrices(db, createdAt, catalog),
      db
        .insert(llmCallEvents)
        .values(rows)
        .onConflictDoUpdate({
          target: llmCallEvents.id,
          set: Object.fromEntries(
            lateColumns.map((column) => [column, sql`excluded.${sql.raw(toSnakeCase(column))}`]),
          ),
          setWhere: eq(llmCallEvents.status, "unknown"),
        }),
    ]),
  );
}

/** What a holder that was replaced knows better than whoever estimated its calls. */
const lateColumns = [
  "inputTokensFresh",
  "inputTokensCached",
  "outputTokens",
  "totalTokens",
  "oeTokens",
  "credits",
  "providerCostUsd",
  "usageSource",
  "latencyMs",
  "attempts",
  "status",
  "providerRequestId",
] as const;

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Finds a run that was stored by our own holder after all. Gives the round trips it took. */
async function judgeFailedCommit(db: Db, claim: ClaimHold, error: unknown): Promise<number> {
  const { code } = postgresFields(error);
  if (code === claimLost || code === uniqueViolation) {
    const { result, roundTrips } = await repeatLost(() =>
      db.select({ committedBy: turnRuns.committedBy }).from(turnRuns).where(eq(turnRuns.id, claim.runId)),
    );
    if (result[0]?.committedBy === claim.holder) return roundTrips;
    throw new PantheonError("turn_conflict", turnConflictDetail, {}, { cause: error });
  }
  throw new PantheonError(
    "commit_failed",
    "The turn could not be stored. Please retry.",
    {},
    { cause: error },
  );
}

/** A retry works the turn's status and text out again; everything else of the row stands. */
function writeTurn(db: Db, { run, turn }: TurnRecord): BatchItem<"pg"> {
  if (run.kind === "turn") return db.insert(turns).values(turn);
  return db.update(turns).set(turn).where(eq(turns.id, turn.id));
}

/** What replaced holders reported before there was a turn to join it to. */
function joinLateSpend(db: Db, { claim, turn, hadOtherHolders }: TurnRecord): BatchItem<"pg">[] {
  if (!hadOtherHolders) return [];
  return [
    db
      .update(llmCallEvents)
      .set({ turnId: turn.id })
      .where(and(eq(llmCallEvents.runId, claim.runId), isNull(llmCallEvents.turnId))),
  ];
}

/** The commit has the same texts twice already, and Neon takes 10 MiB; a checkpoint's bytes count double. */
const mostCheckpointBytes = 1_048_576;

/** Of a finished run its last checkpoint stays, if any does. */
function concludeCheckpoints(
  db: Db,
  runId: string,
  lastStep: StepRows | null,
  keepsCheckpoint: boolean,
): BatchItem<"pg">[] {
  const bytes = lastStep?.blobs.reduce((sum, { blob }) => sum + (blob?.length ?? 0), 0) ?? 0;
  if (!keepsCheckpoint || bytes > mostCheckpointBytes) return deleteThread(db, runId);
  return [...(lastStep === null ? [] : insertStep(db, lastStep)), ...deleteEarlierSteps(db, runId)];
}

/** A settled retry of which no answer had arrived has none. */
function insertMessages(db: Db, record: TurnRecord): BatchItem<"pg">[] {
  return record.messages.length === 0 ? [] : [db.insert(messages).values(record.messages)];
}

function insertAudits(db: Db, { audits }: TurnRecord): BatchItem<"pg">[] {
  return audits.length === 0 ? [] : [db.insert(turnContextAudit).values(audits)];
}

function insertToolEvents(db: Db, { toolEvents }: TurnRecord): BatchItem<"pg">[] {
  return toolEvents.length === 0 ? [] : [db.insert(toolCallEvents).values(toolEvents)];
}

function insertSummary(db: Db, { summary }: TurnRecord): BatchItem<"pg">[] {
  return summary === null ? [] : [db.insert(sessionSummaries).values(summary)];
}

function insertLedger(db: Db, ledger: readonly LedgerRow[]): BatchItem<"pg">[] {
  return ledger.length === 0
    ? []
    : [
        db
          .insert(llmCallEvents)
          .values([...ledger])
          .onConflictDoNothing(),
      ];
}

/** Only the mode this turn consumed is taken over: a newer change is never swallowed. */
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

/** A deployment's own models have a pricing version of their own; it stands beside the rows priced by it. */
function recordPrices(db: Db, createdAt: Date, catalog: Catalog): BatchItem<"pg">[] {
  if (catalog.isStandard) return [];
  const version = catalog.pricingVersion;
  const prices = [...catalog.models.values()].map(({ alias, multiplierHundredths }) => ({
    version,
    modelAlias: alias,
    multiplier: formatDecimal(BigInt(multiplierHundredths), 2),
  }));
  return [
    db
      .insert(pricingVersions)
      .values({ version, effectiveFrom: createdAt.toISOString().slice(0, 10) })
      .onConflictDoNothing(),
    db.insert(modelPrices).values(prices).onConflictDoNothing(),
  ];
}
