import { insertStep, type StepRows } from "./checkpoints.ts";
import { assertClaim, type ClaimHold, claimLost, extendLease, lockSession } from "./claim-statements.ts";
import { type Db, postgresFields } from "./client.ts";

/** `lost`: the claim is another's; `failed`: it was not stored, but may be with the next step. */
export type StoreVerdict = "stored" | "lost" | "failed";

/** Stores a step of a run and renews its lease, in one batch. Never rejects. */
export async function storeStep(
  db: Db,
  hold: ClaimHold,
  leaseMs: number,
  rows: StepRows,
): Promise<StoreVerdict> {
  try {
    await db.batch([
      lockSession(db, hold.sessionId),
      assertClaim(db, hold),
      extendLease(db, hold, leaseMs),
      ...insertStep(db, rows),
    ]);
    return "stored";
  } catch (error) {
    return postgresFields(error).code === claimLost ? "lost" : "failed";
  }
}
