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

export type LateSpend = {
  claim: Claim;
  ledger: readonly LedgerRow[];
  /** Of each call in the ledger rows, the ids that its rows may have. */
  reportedIds: string[][];
  /** What the claim keeps; undefined in a claim of an earlier version. */
  pricing: RunPricing | undefined;
  createdAt: Date;
};

/** The one thing a holder that lost its claim still writes: what it spent. */
export async function reportLateSpend(db: Db, late: LateSpend, catalog: Catalog): Promise<void> {
  const { claim, ledger, reportedIds, pricing, createdAt } = late;
  if (ledger.length === 0) return;
  const ifThere = (table: PgTable, id: string | null) =>
    sql`(select x.id from ${table} x where x.id = ${id}::uuid)`;
  const rows = ledger.map((row) => ({
    ...row,
    roomId: ifThere(rooms, row.roomId),
    sessionId: ifThere(sessions, row.sessionId),
    turnId: ifThere(turns, row.turnId),
  }));
  await repeatIfLost(db, () =>
    db.batch([
      lockSession(claim.sessionId),
      ...recordPrices(db, createdAt, catalog, pricing),
      db
        .insert(llmCallEvents)
        .values(rows)
        .onConflictDoUpdate({
          target: llmCallEvents.id,
          set: Object.fromEntries(
            lateColumns.map((column) => [
              column,
              sql`excluded.${sql.identifier(llmCallEvents[column].name)}`,
            ]),
          ),
          setWhere: eq(llmCallEvents.status, "unknown"),
        }),
      ...deleteSurplusEstimates(reportedIds),
    ]),
  );
}

/** What a holder that was replaced knows better than whoever estimated its calls. */
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

// By id, and never by run: a run's other calls may be estimates still.
const deleteSurplus = prepareStatement<{ ids: string; calls: string }>(sql`
  with known as (
    select c.call, e.id, e.attempts
    from unnest(${sql.placeholder("ids")}::uuid[], ${sql.placeholder("calls")}::int[]) as c(id, call)
    join ${llmCallEvents} e on e.id = c.id
  )
  delete from ${llmCallEvents} e using known k
  where e.id = k.id and k.attempts = 0
    and exists (select 1 from known told where told.call = k.call and told.attempts > 0)`);

/** A call whose holder told of it needs no estimate: it was sent as often as its own rows say. */
export function deleteSurplusEstimates(idsByCall: readonly (readonly string[])[]): BatchItem<"pg">[] {
  if (idsByCall.length === 0) return [];
  const ids = idsByCall.flat();
  const calls = idsByCall.flatMap((ofCall, call) => ofCall.map(() => call));
  return [deleteSurplus({ ids: `{${ids.join()}}`, calls: `{${calls.join()}}` })];
}

/** What replaced holders reported before there was a turn to join it to. */
export function joinLateSpend(db: Db, runId: string, turnId: string) {
  return db
    .update(llmCallEvents)
    .set({ turnId })
    .where(and(eq(llmCallEvents.runId, runId), isNull(llmCallEvents.turnId)));
}
