import { and, eq, sql } from "drizzle-orm";
import type { Db } from "./client.ts";
import { sessions, turnClaims } from "./schema.ts";

/** Who holds which run. */
export type ClaimHold = { sessionId: string; runId: string; holder: string };

/** SQLSTATE of the fence `assert_claim`: the claim is no longer ours. */
export const claimLost = "PT409";

/** Begins every batch of a run: later statements then see what the turn before committed. */
export function lockSession(db: Db, sessionId: string) {
  return db.select({ id: sessions.id }).from(sessions).where(eq(sessions.id, sessionId)).for("update");
}

/** The fence: raises `PT409` unless the claim is this holder's. */
export function assertClaim(db: Db, { sessionId, runId, holder }: ClaimHold) {
  return db.execute(sql`select assert_claim(${sessionId}::uuid, ${runId}::uuid, ${holder}::uuid)`);
}

export function extendLease(db: Db, hold: ClaimHold, leaseMs: number) {
  return db
    .update(turnClaims)
    .set({ leaseUntil: sql`clock_timestamp() + ${leaseMs} * interval '1 millisecond'` })
    .where(isHold(hold));
}

export function deleteClaim(db: Db, hold: ClaimHold) {
  return db.delete(turnClaims).where(isHold(hold));
}

function isHold({ sessionId, runId, holder }: ClaimHold) {
  return and(eq(turnClaims.sessionId, sessionId), eq(turnClaims.runId, runId), eq(turnClaims.holder, holder));
}
