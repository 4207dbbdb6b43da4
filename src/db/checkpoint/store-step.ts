import { type Db, postgresFields, repeatLost } from "../core/client.ts";
import {
  assertClaim,
  type ClaimHold,
  claimLost,
  extendLease,
  lockSession,
} from "../turn/claim-statements.ts";
import { insertStep, type StepRows } from "./checkpoints.ts";

/** `lost`: the claim is another's; `failed`: it was not stored, but may be with the next step. */
export type StoreVerdict = "stored" | "lost" | "failed";

export type StepToStore = {
  rows: StepRows;
  /** Counted from now by the database's clock; 0: the lease is given up. */
  leaseMs: number;
  /** It is tried again after each of them. */
  pausesMs?: readonly number[];
  /** Told of every request to the database. */
  onRequest: () => void;
};

/** Stores a step of a run and renews its lease, in one batch. Never rejects. */
export async function storeStep(
  db: Db,
  hold: ClaimHold,
  { rows, leaseMs, pausesMs = [], onRequest }: StepToStore,
): Promise<StoreVerdict> {
  const storeOnce = () => {
    onRequest();
    return db.batch([
      lockSession(hold.sessionId),
      assertClaim(hold),
      extendLease(hold, leaseMs),
      ...insertStep(rows),
    ]);
  };
  try {
    await repeatLost(storeOnce, pausesMs);
    return "stored";
  } catch (error) {
    return postgresFields(error).code === claimLost ? "lost" : "failed";
  }
}
