import { and, eq, isNull, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { PgTable } from "drizzle-orm/pg-core";
import type { RunPricing } from "../../domain/billing/run-pricing.ts";
import type { Catalog } from "../../domain/catalog.ts";
import type { Claim } from "../../domain/turn/claim.ts";
import { type Db, repeatIfLost } from "../core/client.ts";
import { prepareStatement } from "../core/prepared-statement.ts";
import { llmCallEvents, rooms, sessions, turns } from "../schema.ts";
import { lockSession } from "./claim-statements.ts";
import { recordPrices } from "./record-prices.ts";
import type { LedgerRow } from "./stored-turn.ts";

/** Ledger rows that are written without their turn's record. */
export type Spend = {
  ledger: readonly LedgerRow[];
  /** What the claim keeps; undefined in a claim of an earlier version. */
  pricing: RunPricing | undefined;
  createdAt: Date;
};

export type LateSpend = Spend & {
  claim: Claim;
  /** Of each call in the ledger rows, the ids that its rows may have. */
  reportedIds: string[][];
};

/**
 * Writes the calls of a holder that stores no turn. They replace estimates of the same calls.
 * @param pausesMs the write is tried again after each pause; undefined: after short ones.
 */
export async function reportLateSpend(
  db: Db,
  late: LateSpend,
  { catalog, pausesMs }: { catalog: Catalog; pausesMs?: readonly number[] | undefined },
): Promise<void> {
  const { claim, ledger, reportedIds, pricing, createdAt } = late;
  if (ledger.length === 0) return;
  const write = () =>
    db.batch([
      lockSession(claim.sessionId),
      ...recordPrices(db, createdAt, catalog, pricing),
      insertSpend(db, ledger).onConflictDoUpdate({
        target: llmCallEvents.id,
        set: Object.fromEntries(
          lateColumns.map((column) => [column, sql`excluded.${sql.identifier(llmCallEvents[column].name)}`]),
        ),
        setWhere: eq(llmCallEvents.status, "unknown"),
      }),
      ...deleteSurplusEstimates(reportedIds),
    ]);
  await repeatIfLost(db, write, pausesMs);
}

/** Rows of which some may be stored already: those stay. */
export function insertSpendIfNew(db: Db, ledger: readonly LedgerRow[]) {
  return insertSpend(db, ledger).onConflictDoNothing();
}

/** The room, session or turn of a row may have been deleted, or have never been stored: then the row names none. */
function insertSpend(db: Db, ledger: readonly LedgerRow[]) {
  const idIfStored = (table: PgTable, id: string | null) =>
    sql`(select x.id from ${table} x where x.id = ${id}::uuid)`;
  return db.insert(llmCallEvents).values(
    ledger.map((row) => ({
      ...row,
      roomId: idIfStored(rooms, row.roomId),
      sessionId: idIfStored(sessions, row.sessionId),
      turnId: idIfStored(turns, row.turnId),
    })),
  );
}

/** Columns that the holder of a call knows, and an estimate does not. */
const lateColumns = [
  "provider",
  "modelAlias",
  "providerModel",
  "pricingVersion",
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

// By id, not by run: other calls of the run may still be estimates.
const deleteSurplus = prepareStatement<{ ids: string; calls: string }>(sql`
  with known as (
    select c.call, e.id, e.attempts
    from unnest(${sql.placeholder("ids")}::uuid[], ${sql.placeholder("calls")}::int[]) as c(id, call)
    join ${llmCallEvents} e on e.id = c.id
  )
  delete from ${llmCallEvents} e using known k
  where e.id = k.id and k.attempts = 0
    and exists (select 1 from known reported where reported.call = k.call and reported.attempts > 0)`);

/** A call that its holder reported needs no estimate: it was sent as often as the reported rows say. */
export function deleteSurplusEstimates(idsByCall: readonly (readonly string[])[]): BatchItem<"pg">[] {
  if (idsByCall.length === 0) return [];
  const ids = idsByCall.flat();
  const calls = idsByCall.flatMap((callIds, call) => callIds.map(() => call));
  return [deleteSurplus({ ids: `{${ids.join()}}`, calls: `{${calls.join()}}` })];
}

/** Gives the turn's id to rows that replaced holders reported before the turn was stored. */
export function joinLateSpend(db: Db, runId: string, turnId: string) {
  return db
    .update(llmCallEvents)
    .set({ turnId })
    .where(and(eq(llmCallEvents.runId, runId), isNull(llmCallEvents.turnId)));
}
