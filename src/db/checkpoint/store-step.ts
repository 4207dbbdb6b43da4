import type { StepRows } from "../../domain/turn/checkpoint.ts";
import type { Claim } from "../../domain/turn/claim.ts";
import { type Db, postgresFields, repeatLost } from "../core/client.ts";
import { assertClaim, claimLost, extendLease, lockSession } from "../turn/claim-statements.ts";
import { insertStep } from "./checkpoints.ts";

/** `lost`: the claim is another's; `failed`: it was not stored, but may be with the next step. */
export type StoreResult = "stored" | "lost" | "failed";

export type StepToStore = {
  rows: StepRows;
  /** Counted from now by the database's clock; 0: the lease ends now. */
  leaseMs: number;
  /** It is tried again after each of them. */
  pausesMs?: readonly number[];
};

/** Stores a step of a run and renews its lease, in one batch. Never rejects. */
export async function storeStep(
  db: Db,
  claim: Claim,
  { rows, leaseMs, pausesMs = [] }: StepToStore,
): Promise<StoreResult> {
  const storeOnce = () =>
    db.batch([
      lockSession(claim.sessionId),
      assertClaim(claim),
      extendLease(claim, leaseMs),
      ...insertStep(rows),
    ]);
  try {
    await repeatLost(db, storeOnce, pausesMs);
    return "stored";
  } catch (error) {
    return postgresFields(error).code === claimLost ? "lost" : "failed";
  }
}
