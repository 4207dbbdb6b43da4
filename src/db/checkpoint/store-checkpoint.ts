import { type CheckpointRows, noRows } from "../../domain/turn/checkpoint.ts";
import type { Claim } from "../../domain/turn/claim.ts";
import { type Db, postgresFields, RequestTooLarge, repeatIfLost } from "../core/client.ts";
import { assertClaim, claimLost, renewClaim } from "../turn/claim-statements.ts";
import { insertCheckpointRows } from "./checkpoints.ts";
import { halveRows, splitRows } from "./split-rows.ts";

/**
 * `stored_in_part`: rows that are too large for a request were left out, and will never be stored; `lost`: another holder
 * has the claim; `failed`: the rows were not stored, but may be with the next checkpoint.
 */
export type StoreResult = "stored" | "stored_in_part" | "lost" | "failed";

export type CheckpointToStore = {
  rows: CheckpointRows;
  /** From now, by the database's clock; 0: the lease ends now. */
  leaseMs: number;
  /** See `renewClaim`. */
  maxHold?: string | null;
  /** The write is tried again after each pause. */
  pausesMs?: readonly number[];
};

/** Stores checkpoints of a run and renews its lease, in one batch, or several where they are large. Never rejects. */
export async function storeCheckpoint(
  db: Db,
  claim: Claim,
  { rows, leaseMs, maxHold = null, pausesMs = [] }: CheckpointToStore,
): Promise<StoreResult> {
  // The last part renews the lease, or ends it: no part after it needs the lease.
  const storeOnce = (part: CheckpointRows, isLast: boolean) =>
    repeatIfLost(
      db,
      () =>
        db.batch([
          isLast ? renewClaim(claim, leaseMs, maxHold) : assertClaim(claim),
          ...insertCheckpointRows(part),
        ]),
      pausesMs,
    );
  try {
    const parts = splitRows(rows);
    const last = parts.pop() ?? noRows;
    let isWhole = true;
    for (const part of parts) isWhole = (await storePart(part, false, storeOnce)) && isWhole;
    isWhole = (await storePart(last, true, storeOnce)) && isWhole;
    return isWhole ? "stored" : "stored_in_part";
  } catch (error) {
    return postgresFields(error).code === claimLost ? "lost" : "failed";
  }
}

type StoreOnce = (part: CheckpointRows, isLast: boolean) => Promise<unknown>;

/** Halves a part that is too large for a request. A single row that is too large is left out. */
async function storePart(part: CheckpointRows, isLast: boolean, storeOnce: StoreOnce): Promise<boolean> {
  try {
    await storeOnce(part, isLast);
    return true;
  } catch (error) {
    if (!(error instanceof RequestTooLarge)) throw error;
    const halves = halveRows(part);
    if (halves === null) {
      if (isLast) await storeOnce(noRows, true);
      return false;
    }
    const isFirstWhole = await storePart(halves[0], false, storeOnce);
    return (await storePart(halves[1], isLast, storeOnce)) && isFirstWhole;
  }
}
