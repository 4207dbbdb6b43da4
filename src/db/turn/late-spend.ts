import { and, eq, isNull, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Catalog } from "../../domain/catalog.ts";
import type { Claim } from "../../domain/turn/claim.ts";
import { type Db, repeatLost } from "../core/client.ts";
import { llmCallEvents, rooms, sessions, turns } from "../schema.ts";
import { lockSession } from "./claim-statements.ts";
import { recordPrices } from "./record-prices.ts";
import type { LedgerRow } from "./stored-turn.ts";

export type LateSpend = { claim: Claim; ledger: readonly LedgerRow[]; createdAt: Date };

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
  await repeatLost(db, () =>
    db.batch([
      lockSession(claim.sessionId),
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

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What replaced holders reported before there was a turn to join it to. */
export function joinLateSpend(db: Db, runId: string, turnId: string) {
  return db
    .update(llmCallEvents)
    .set({ turnId })
    .where(and(eq(llmCallEvents.runId, runId), isNull(llmCallEvents.turnId)));
}
